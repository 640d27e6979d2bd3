import type { ActiveContext } from "./context.ts";
import type { Logger } from "./logger.ts";
import type { RequestRecord } from "./request-record.ts";

export const leakReasons = ["RequestEnded", "ContextLost", "ServerInRequest"] as const;
export type LeakReason = (typeof leakReasons)[number];

export interface OutgoingCall {
  readonly method: string;
  /** `http://127.0.0.1:4001` */
  readonly target: string;
  /** The stack of the caller, where it isn't the active one. */
  readonly stack?: string | undefined;
}

/** Watches for work that runs in another request's context. For development: it costs a little per request. */
export interface LeakGuard {
  /** A request came in. Returns what to call when its response is closed. */
  entered(record: RequestRecord, routed: boolean): () => void;
  /** A context is about to be used for a call; undefined where the call has none. */
  used(context: ActiveContext | undefined, call: OutgoingCall): void;
  /** A request came in on a server that was started inside of another request. */
  nested(outer: ActiveContext, record: RequestRecord): void;
}

export interface LeakGuardOptions {
  readonly log: () => Logger;
  /** How long after its response a request's context may still be used without a word, in milliseconds. */
  readonly graceMs: number;
  readonly now: () => number;
  /** The stack of the caller, for tests. */
  readonly stack?: () => string;
}

/** Beyond it nothing new is reported: a leak in a loop must not fill the log or the memory. */
const maxReports = 100;

const fixes: Record<LeakReason, string> = {
  RequestEnded:
    "Something that was created in that request outlives it. Create pools, intervals and consumers in outside(), " +
    "hand each queued job its own context (bind, or current and run), and use perContext for batching loaders.",
  ContextLost:
    "A queue, pool, emitter or callback left its request's context: wrap the callback in bind, or hand current() along " +
    "and use run. Work that belongs to no request says so with outside().",
  ServerInRequest:
    "Start servers and consumers in outside(), not while a request is being answered.",
};

export function createLeakGuard(options: LeakGuardOptions): LeakGuard {
  const { graceMs, now } = options;
  const report = reporter(options);
  let routedInFlight = 0;
  return {
    entered: (record, routed) => {
      if (routed) routedInFlight++;
      return () => {
        if (record.endedAt !== undefined) return;
        record.endedAt = now();
        if (routed) routedInFlight--;
      };
    },
    used: (context, call) => {
      if (context === undefined) {
        if (routedInFlight === 0) return;
        const meanwhile = `while ${routedInFlight} routed request(s) are being answered`;
        report({ reason: "ContextLost", what: `${say(call)} carries no route ${meanwhile}`, call });
        return;
      }
      const { request, key } = context;
      if (request?.endedAt === undefined) return;
      const age = Math.round(now() - request.endedAt);
      if (age < graceMs) return;
      const whose = `${request.label} (${key === "" ? "unrouted" : key})`;
      const when = `which was answered ${age} ms ago`;
      const what = `${say(call)} carries the context of ${whose}, ${when}`;
      report({ reason: "RequestEnded", what, call });
    },
    nested: (outer, record) => {
      const whose = outer.request?.label ?? "another context";
      const what = `${record.label} came in on a server that was started inside of ${whose}`;
      report({ reason: "ServerInRequest", what });
    },
  };
}

interface Leak {
  readonly reason: LeakReason;
  readonly what: string;
  readonly call?: OutgoingCall;
}

/**
 * Tells of each place once, with the place where it can be found. Where the stack names none, because the call was made
 * from a queue or a pool, calls of one method to one target are one place: what differs is whose they are, and when.
 */
function reporter(options: LeakGuardOptions): (leak: Leak) => void {
  const stack = options.stack ?? callStack;
  const reported = new Set<string>();
  return ({ reason, what, call }) => {
    if (reported.size >= maxReports) return;
    const site = callSite(call?.stack ?? stack());
    const id = `${reason} ${site ?? (call === undefined ? "" : say(call))}`;
    if (reported.has(id)) return;
    reported.add(id);
    const at = site === undefined ? "" : ` at ${site}`;
    options.log().warn({ reason, site }, `${what}${at}. ${fixes[reason]}`);
  };
}

function say(call: OutgoingCall): string {
  return call.target === "" ? call.method : `${call.method} ${call.target}`;
}

/** Deep enough to get through a framework and a client. */
export function callStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack } = new Error("call site");
  Error.stackTraceLimit = limit;
  return stack ?? "";
}

/** The first frame that is neither Node's, nor a dependency's, nor ours. */
export function callSite(stack: string): string | undefined {
  const frames = stack.split("\n").slice(1);
  const afterHooks = here === undefined ? frames.findIndex((line) => line.includes("node:")) : 0;
  for (const line of frames.slice(Math.max(afterHooks, 0))) {
    const place = framePattern.exec(line)?.[1];
    if (place !== undefined && !isForeign(place)) return place;
  }
  return undefined;
}

const framePattern = /(?:\(|at (?:async )?)((?:file:\/\/)?\/?[^()]+:\d+:\d+)\)?$/;

/**
 * The directory of this library, with or without a scheme as in stacks. Where it is bundled into a service, that is the
 * service's own; then only the frames before Node's, which are of the library's hooks, are told apart.
 */
function ownDirectory(): string | undefined {
  const frame = (new Error("this file").stack ?? "").split("\n")[1] ?? "";
  const place = framePattern.exec(frame)?.[1];
  return place === undefined || !/[/\\]leak-guard\.[tj]s:/.test(place)
    ? undefined
    : place.slice(0, Math.max(place.lastIndexOf("/"), place.lastIndexOf("\\")));
}

const here = ownDirectory();

function isForeign(place: string): boolean {
  if (place.startsWith("node:") || place.includes("/node_modules/")) return true;
  return here !== undefined && place.startsWith(here) && !/\.test\.[tj]s:/.test(place);
}
