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
    const read = readEntry(entry);
    if (read === undefined) {
      rejected.push(entry);
      continue;
    }
    const { name, port, isSuffix } = read;
    if (isSuffix) suffixes.push({ text: `.${name}`, port });
    else {
      exact.add(port === undefined ? name : `${name}:${port}`);
      names.add(name);
    }
  }
  return { rules: { exact, suffixes, names }, rejected };
}

interface Entry {
  readonly name: string;
  readonly port: string | undefined;
  readonly isSuffix: boolean;
}

function readEntry(entry: string): Entry | undefined {
  const groups = entryPattern.exec(entry.trim().toLowerCase())?.groups;
  if (groups === undefined) return undefined;
  const { star, name: written = "", port } = groups;
  const name = canonicalName(written);
  if (name === undefined || !isPort(port)) return undefined;
  return { name, port: port?.replace(/^0+/, ""), isSuffix: star !== undefined };
}

function isPort(text: string | undefined): boolean {
  return text === undefined || (Number(text) > 0 && Number(text) <= 65_535);
}

/** A name as URLs have it: `[::1]` of `[0:0::1]`, `127.0.0.1` of `127.1`. Undefined for what no URL can name. */
export function canonicalName(name: string): string | undefined {
  return URL.parse(`http://${name}`)?.hostname;
}

/** Both sets of rules, each rule once: an adapter that is made for every call must not make them grow. */
export function joinHosts(left: HostRules, right: HostRules): HostRules {
  const isNew = ({ text, port }: Suffix): boolean =>
    !left.suffixes.some((known) => known.text === text && known.port === port);
  return {
    exact: new Set([...left.exact, ...right.exact]),
    suffixes: [...left.suffixes, ...right.suffixes.filter(isNew)],
    names: new Set([...left.names, ...right.names]),
  };
}

/** True if the host of the URL, such as `http://127.0.0.1:4001`, belongs to the cocktail. False for invalid URLs. */
export function isInternal(rules: HostRules, url: string | URL): boolean {
  const parsed = typeof url === "string" ? URL.parse(url) : url;
  if (parsed === null || parsed.hostname === "") return false;
  return isInternalHost(rules, parsed.hostname, parsed.port || defaultPort(parsed.protocol));
}

/** The same for a name as a `Host` header or a URL says it, and a port. */
export function isInternalHost(rules: HostRules, name: string, port: string): boolean {
  const host = withoutRootDot(name.toLowerCase());
  if (rules.exact.has(`${host}:${port}`) || rules.exact.has(host)) return true;
  return rules.suffixes.some((suffix) => matches(suffix, host) && (suffix.port ?? port) === port);
}

/** True where some rule names the host, whatever its port. */
export function isInternalName(rules: HostRules, name: string): boolean {
  const host = withoutRootDot(name.toLowerCase());
  return rules.names.has(host) || rules.suffixes.some((suffix) => matches(suffix, host));
}

/**
 * `http://payment:8080` of a request target that is a whole URL, as proxies get one (RFC 9112 3.2.2): it, and not `Host`,
 * says whom the call is for. Undefined for an ordinary path.
 */
export function authorityOf(path: string | undefined): string | undefined {
  return path !== undefined && /^https?:/i.test(path) ? URL.parse(path)?.origin : undefined;
}

const securePorts = new Set(["https:", "wss:", "grpc:"]);

/** Of a scheme; gRPC takes 443 with and without TLS. */
export function defaultPort(protocol: string): string {
  return securePorts.has(protocol) ? "443" : "80";
}

function matches(suffix: Suffix, host: string): boolean {
  return host.length > suffix.text.length && host.endsWith(suffix.text);
}

function withoutRootDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
