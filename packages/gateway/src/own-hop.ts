import {
  describeMissed,
  formatTrace,
  type Hop,
  parseTrace,
  type ParsedRoute,
  type Resolution,
} from "@cocktail/route";
import type { Place } from "./place.ts";

export interface HopFacts {
  readonly place: Place;
  readonly parsed: ParsedRoute;
  readonly resolution: Resolution;
  /** Of the table that decided. */
  readonly epoch: number;
  /** From the request's head to that of its response. */
  readonly ms: number;
}

/** The gateway's own hop in a trace. What an edge rejected of a route is reported as missed, because no hop below sees it. */
export function ownHop({ place, parsed, resolution, epoch, ms }: HopFacts): Hop {
  const missed = resolution.missed.map(describeMissed);
  if (place.kind === "edge") missed.push(...parsed.rejected.map(({ text }) => text));
  return {
    service: resolution.service,
    variant: resolution.key,
    via: resolution.via,
    layer: resolution.layer,
    incarnation: resolution.variant?.incarnation,
    epoch,
    caller: place.kind === "mesh" ? place.caller : undefined,
    missed,
    ms,
  };
}

/** The trace a caller gets: this hop, those below it, and those that came without their route. */
export function traceHeader(hop: Hop, below: string | undefined, lost: readonly Hop[]): string {
  const trace = below === undefined ? { hops: [], truncated: false } : parseTrace(below);
  return formatTrace({ hops: [hop, ...trace.hops, ...lost], truncated: trace.truncated });
}
