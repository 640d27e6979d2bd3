/** Which hosts are the cocktail's own. Made by `parseHosts`. */
export interface HostRules {
  /** `host:port`, and `host` where any port counts; lower case. */
  readonly exact: ReadonlySet<string>;
  readonly suffixes: readonly Suffix[];
  /** Names of `exact` and `suffixes` without their ports. */
  readonly names: ReadonlySet<string>;
}

interface Suffix {
  /** `.svc.cluster.local` */
  readonly text: string;
  readonly port: string | undefined;
}

export interface ParsedHosts {
  readonly rules: HostRules;
  /** Entries that are no rule, as they came. */
  readonly rejected: readonly string[];
}

export const noHosts: HostRules = { exact: new Set(), suffixes: [], names: new Set() };

const entryPattern =
  /^(?<star>\*\.)?(?<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[-a-z0-9_.]*[a-z0-9_])?)(?::(?<port>[0-9]{1,5}))?$/;

/**
 * Reads `payment:8080`, `127.0.0.1:4001`, `[::1]:4001`, `orders` (any port) and `*.svc.cluster.local` (the names below,
 * not the suffix itself; a port may follow). A bare `*` is refused: the route must not reach third parties.
 */
export function parseHosts(entries: readonly string[]): ParsedHosts {
  const exact = new Set<string>();
  const names = new Set<string>();
  const suffixes: Suffix[] = [];
  const rejected: string[] = [];
  for (const entry of entries) {
    const groups = entryPattern.exec(entry.trim().toLowerCase())?.groups;
    const name = groups?.["name"];
    if (groups === undefined || name === undefined) {
      rejected.push(entry);
      continue;
    }
    const port = groups["port"];
    if (groups["star"] === undefined) {
      exact.add(port === undefined ? name : `${name}:${port}`);
      names.add(name);
    } else suffixes.push({ text: `.${name}`, port });
  }
  return { rules: { exact, suffixes, names }, rejected };
}

/** Both sets of rules. */
export function joinHosts(left: HostRules, right: HostRules): HostRules {
  return {
    exact: new Set([...left.exact, ...right.exact]),
    suffixes: [...left.suffixes, ...right.suffixes],
    names: new Set([...left.names, ...right.names]),
  };
}

/** True where a host of the URL, such as `http://127.0.0.1:4001`, is the cocktail's. Text that is no URL is nobody's. */
export function isOurs(rules: HostRules, url: string | URL): boolean {
  const parsed = typeof url === "string" ? URL.parse(url) : url;
  if (parsed === null || parsed.hostname === "") return false;
  return isOurHost(rules, parsed.hostname, parsed.port || defaultPort(parsed.protocol));
}

/** The same for a name as a `Host` header or a URL says it, and a port. */
export function isOurHost(rules: HostRules, name: string, port: string): boolean {
  const host = withoutRootDot(name.toLowerCase());
  if (rules.exact.has(`${host}:${port}`) || rules.exact.has(host)) return true;
  return rules.suffixes.some((suffix) => matches(suffix, host) && (suffix.port ?? port) === port);
}

/** True where some rule names the host, whatever its port. */
export function isOurName(rules: HostRules, name: string): boolean {
  const host = withoutRootDot(name.toLowerCase());
  return rules.names.has(host) || rules.suffixes.some((suffix) => matches(suffix, host));
}

export function defaultPort(protocol: string): string {
  return protocol === "https:" || protocol === "wss:" ? "443" : "80";
}

function matches(suffix: Suffix, host: string): boolean {
  return host.length > suffix.text.length && host.endsWith(suffix.text);
}

function withoutRootDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
