import type { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { shared } from "./shared-state.ts";
import type { TraceCollector } from "./trace-collector.ts";

/** The part of a response that is needed; `writeHead` takes its arguments in many forms. */
interface Reporter {
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
  writeHead(...args: unknown[]): ServerResponse;
}

/** True for a response; the socket of an upgrade has no head to report in. */
export function canReport(peer: EventEmitter): peer is EventEmitter & Reporter {
  return "writeHead" in peer && typeof peer.writeHead === "function";
}

/**
 * Adds the collected hops to a response when its head is written, which is the last moment for it and the first when all
 * of the calls that led to it have been answered.
 */
export function reportTrace(response: Reporter, collector: TraceCollector): void {
  const { writeHead } = response;
  const name = shared.names.trace;
  response.writeHead = function writeHeadWithTrace(this: Reporter, ...args: unknown[]) {
    const [status] = args;
    if (typeof status === "number" && status < 200) return writeHead.apply(this, args);
    const at = typeof args[1] === "string" ? 2 : 1;
    const given = takeHeader(args[at], name);
    const value = collector.header(given.value ?? text(this.getHeader(name)));
    if (value === undefined) return writeHead.apply(this, args);
    this.setHeader(name, value);
    return writeHead.apply(this, at < args.length ? args.with(at, given.rest) : args);
  };
}

interface Taken {
  /** What the service wrote itself. */
  readonly value: string | undefined;
  readonly rest: unknown;
}

/** The value of a header in what `writeHead` was given, and a copy without it. */
function takeHeader(given: unknown, name: string): Taken {
  if (typeof given !== "object" || given === null) return { value: undefined, rest: given };
  if (Array.isArray(given)) return takeFromList(given, name);
  const fields: [string, unknown][] = Object.entries(given);
  const own = fields.filter(([key]) => key.toLowerCase() === name);
  if (own.length === 0) return { value: undefined, rest: given };
  const rest = fields.filter(([key]) => key.toLowerCase() !== name);
  return { value: text(own.map(([, value]) => value)), rest: Object.fromEntries(rest) };
}

/**
 * From `[name, value, ...]`, or from `[[name, value], ...]`: Node takes that as well, but not from a response that has
 * headers set, as this one is about to. So the rest is flat.
 */
function takeFromList(given: readonly unknown[], name: string): Taken {
  const flat = Array.isArray(given[0]) ? given.flat(1) : given;
  const own: unknown[] = [];
  const rest: unknown[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    if (String(flat[at]).toLowerCase() === name) own.push(flat[at + 1]);
    else rest.push(flat[at], flat[at + 1]);
  }
  return { value: own.length === 0 ? undefined : text(own), rest };
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : [value].flat(2).map(String).join(", ");
}
