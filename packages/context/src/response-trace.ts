import type { EventEmitter } from "node:events";
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { shared } from "./shared-state.ts";
import type { TraceCollector } from "./trace-collector.ts";

type Given = OutgoingHttpHeaders | readonly OutgoingHttpHeader[];
type Reporter = Pick<ServerResponse, "getHeader" | "setHeader" | "writeHead">;

/** True for a response; the socket of an upgrade has no head to report in. */
export function canReport(peer: EventEmitter): peer is EventEmitter & Reporter {
  return "writeHead" in peer && typeof peer.writeHead === "function";
}

/**
 * Adds the collected hops to a response when its head is written, which is the last moment for it and the first when all
 * of the calls that led to it have been answered.
 */
export function reportTrace(response: Reporter, collector: TraceCollector): void {
  const writeHead = response.writeHead as (this: Reporter, ...args: unknown[]) => ServerResponse;
  const name = shared.names.trace;
  const reporting = function writeHeadWithTrace(
    this: Reporter,
    ...args: unknown[]
  ): ServerResponse {
    const status = args[0];
    if (typeof status === "number" && status < 200) return writeHead.apply(this, args);
    const at = typeof args[1] === "string" ? 2 : 1;
    const given = takeHeader(args[at] as Given | undefined, name);
    const value = collector.header(given.value ?? text(this.getHeader(name)));
    if (value !== undefined) {
      this.setHeader(name, value);
      if (given.value !== undefined) return writeHead.apply(this, args.with(at, given.rest));
    }
    return writeHead.apply(this, args);
  };
  response.writeHead = reporting as ServerResponse["writeHead"];
}

interface Taken {
  readonly value: string | undefined;
  readonly rest: Given | undefined;
}

/** The value of a header in what `writeHead` was given, and a copy without it. */
function takeHeader(given: Given | undefined, name: string): Taken {
  if (given === undefined || given === null) return { value: undefined, rest: given };
  if (isList(given)) return takeFromList(given, name);
  for (const key of Object.keys(given)) {
    if (key.toLowerCase() !== name) continue;
    const { [key]: value, ...rest } = given;
    return { value: text(value), rest };
  }
  return { value: undefined, rest: given };
}

/** `[name, value, ...]`, or `[[name, value], ...]`, which Node takes as well. */
function takeFromList(given: readonly unknown[], name: string): Taken {
  const flat = given.flatMap((entry) => (Array.isArray(entry) ? (entry as unknown[]) : [entry]));
  const rest: OutgoingHttpHeader[] = [];
  let value: string | undefined;
  for (let at = 0; at + 1 < flat.length; at += 2) {
    if (String(flat[at]).toLowerCase() === name) value = String(flat[at + 1]);
    else rest.push(String(flat[at]), String(flat[at + 1]));
  }
  return { value, rest: value === undefined ? (given as Given) : rest };
}

function isList(given: Given): given is readonly OutgoingHttpHeader[] {
  return Array.isArray(given);
}

function text(value: OutgoingHttpHeader | undefined): string | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(", ") : String(value);
}
