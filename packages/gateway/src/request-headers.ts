import { formatRoute, isRouted, type Route, writeBaggage } from "@cocktail/route";
import type { Head } from "./head.ts";
import type { Place } from "./place.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface Onward {
  readonly head: Head;
  readonly place: Place;
  readonly route: Route;
  readonly vocabulary: Vocabulary;
  /** The client's address. */
  readonly remote: string;
  /** What the client called the host, `Host` where it sent one. */
  readonly host: string;
}

/**
 * The headers a variant gets: what came, the route, and who asked for what. An edge writes the route in its canonical
 * form; inside the mesh it stays as it came. Takes over `head.kept`.
 */
export function requestHeaders(onward: Onward): string[] {
  const { head, place, vocabulary } = onward;
  const headers = head.kept;
  if (place.kind === "edge") addCanonicalRoute(headers, onward);
  if (wantsTrace(head)) headers.push(vocabulary.names.trace, "on");
  if (head.takesTrailers) headers.push("te", "trailers");
  addForwarded(headers, onward);
  return headers;
}

export function wantsTrace(head: Head): boolean {
  return head.trace !== undefined && head.trace.trim().toLowerCase() === "on";
}

function addCanonicalRoute(headers: string[], { head, route, vocabulary }: Onward): void {
  const strict = route.mode === "strict";
  if (isRouted(route) || strict) {
    for (const [name, value] of formatRoute(route, vocabulary.names)) headers.push(name, value);
  } else if (head.baggage === undefined) {
    return;
  }
  const baggage = writeBaggage(head.baggage, route);
  if (baggage !== undefined) headers.push("baggage", baggage);
}

/** RFC 7239 and its predecessors. `head` holds nothing from outside, so that at the edge these start afresh. */
function addForwarded(headers: string[], { head, remote, host }: Onward): void {
  const { forwarded, forwardedFor, forwardedHost, forwardedProto } = head;
  const node = remote.includes(":") ? `"[${remote}]"` : remote;
  const element = `for=${node};host="${host}";proto=http`;
  headers.push(
    "x-forwarded-for",
    forwardedFor === undefined ? remote : `${forwardedFor}, ${remote}`,
    "x-forwarded-host",
    forwardedHost ?? host,
    "x-forwarded-proto",
    forwardedProto ?? "http",
    "forwarded",
    forwarded === undefined ? element : `${forwarded}, ${element}`,
  );
}
