import { defaultHeaderNames, type HeaderNames } from "@cocktail/route";
import { joinHosts, noHosts, parseHosts } from "./hosts.ts";
import { followHttp } from "./http-calls.ts";
import { createLeakGuard } from "./leak-guard.ts";
import { type Logger, silent } from "./logger.ts";
import { shared } from "./shared-state.ts";
import { followUndici } from "./undici-calls.ts";
import { warnings } from "./warnings.ts";

export interface ContextOptions {
  /**
   * Hosts that get the route, besides those of `COCKTAIL_HOSTS` (comma separated): `payment:8080`, `orders` (any port),
   * `*.svc.cluster.local`. Nobody else ever does.
   */
  readonly hosts?: readonly string[];
  /** Other names for the headers, for every part of the cocktail the same. */
  readonly headerNames?: HeaderNames;
  /** Where faults and leaks are told; process warnings where absent. */
  readonly log?: Logger;
  /**
   * Watch for work that runs in another request's context. Default: `COCKTAIL_LEAK_GUARD=on`, or NODE_ENV is
   * `development`.
   */
  readonly leakGuard?: boolean | { readonly graceMs: number };
}

/** A response's stream may end a little before the work that made it. */
const defaultGraceMs = 1000;

/**
 * Starts to inject the context into outgoing calls: fetch, undici, `node:http` and `node:https`. The adapters call it; a
 * service that uses none of them calls it once at its start. Calling it again adds hosts, and replaces what is given.
 *
 * Throws an Error on a Node older than 22.12, and a TypeError for a host that is none, and for a `COCKTAIL_LEAK_GUARD` that
 * is neither `on` nor `off`.
 */
export function install(options: ContextOptions = {}): void {
  refuseOldNode(process.versions.node);
  if (options.log !== undefined) shared.log = options.log;
  else if (shared.log === silent) shared.log = warnings;
  if (options.headerNames !== undefined) shared.names = options.headerNames;
  if (shared.stop === undefined) {
    start();
  }
  addHosts(options.hosts ?? [], "the option `hosts`");
  guard(options.leakGuard);
}

/** Older ones don't tell of calls by `node:http` when they are made: their route would be lost without a word. */
export function refuseOldNode(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return;
  throw new Error(
    `@cocktail/context needs Node.js 22.12 or newer, and this is ${version}: on it, calls by node:http would lose ` +
      "their route. Run the service on a newer Node.js.",
  );
}

/** Ends what `install` began, for tests. Contexts that are in progress stay readable. */
export function uninstall(): void {
  shared.stop?.();
  shared.stop = undefined;
  shared.names = defaultHeaderNames;
  shared.hosts = noHosts;
  shared.guard = undefined;
  shared.guardDecided = false;
  shared.log = silent;
}

function start(): void {
  const fromEnvironment = process.env["COCKTAIL_HOSTS"] ?? "";
  addHosts(
    fromEnvironment.split(",").filter((entry) => entry.trim() !== ""),
    "COCKTAIL_HOSTS",
  );
  const ends = [followUndici(), followHttp()];
  shared.stop = () => {
    for (const end of ends) end();
  };
}

function addHosts(entries: readonly string[], source: string): void {
  if (entries.length === 0) return;
  const { rules, rejected } = parseHosts(entries);
  if (rejected.length > 0) {
    throw new TypeError(
      `${source} holds ${rejected.map((entry) => JSON.stringify(entry)).join(", ")}, which is not a valid host. ` +
        "Write host:port, host (any port) or *.suffix.",
    );
  }
  shared.hosts = joinHosts(shared.hosts, rules);
}

function guard(wanted: ContextOptions["leakGuard"]): void {
  if (wanted === undefined && shared.guardDecided) return;
  shared.guardDecided = true;
  shared.guard = undefined;
  const on = wanted ?? isDevelopment();
  if (on === false) return;
  const graceMs = typeof on === "object" ? on.graceMs : defaultGraceMs;
  shared.guard = createLeakGuard({
    // Asked for each time: a preloaded library has no log until the service gives one.
    log: () => shared.log,
    graceMs,
    now: () => performance.now(),
  });
  shared.contextForAll = true;
}

function isDevelopment(): boolean {
  const configured = process.env["COCKTAIL_LEAK_GUARD"] ?? "";
  if (configured === "") return process.env["NODE_ENV"] === "development";
  if (configured === "on" || configured === "off") return configured === "on";
  throw new TypeError(
    `COCKTAIL_LEAK_GUARD is ${JSON.stringify(configured)}, which is invalid. Write on or off.`,
  );
}
