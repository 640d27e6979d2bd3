import {
  describeMissed,
  formatTrace,
  type Hop,
  parseTrace,
  type ParsedRoute,
  type Resolution,
} from "@cocktail/route";
import type { ListenerRole } from "./listener-role.ts";

export interface HopFacts {
  readonly role: ListenerRole;
  readonly parsed: ParsedRoute;
  readonly resolution: Resolution;
  /** Of the table used. */
  readonly epoch: number;
  /** From the request's head to that of its response. */
  readonly ms: number;
}

/** The gateway's own hop in a trace. What an edge rejected is reported as missed, because no later hop sees it. */
export function ownHop({ role, parsed, resolution, epoch, ms }: HopFacts): Hop {
  const missed = resolution.missed.map(describeMissed);
  if (role.kind === "edge") missed.push(...parsed.rejected.map(({ text }) => text));
  return {
    service: resolution.service,
    variant: resolution.key,
    via: resolution.via,
    layer: resolution.layer,
    incarnation: resolution.variant?.incarnation,
    epoch,
    caller: role.kind === "mesh" ? role.caller : undefined,
    missed,
    ms,
  };
}

/** The trace for the caller: this hop, those below it, and those that arrived without the route. */
export function traceHeader(hop: Hop, below: string | undefined, lost: readonly Hop[]): string {
  const trace = below === undefined ? { hops: [], truncated: false } : parseTrace(below);
  return formatTrace({ hops: [hop, ...trace.hops, ...lost], truncated: trace.truncated });
}
