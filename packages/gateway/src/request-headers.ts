import { formatRoute, isRouted, type Route, writeBaggage } from "@cocktail/route";
import type { Forward } from "./decide.ts";
import type { Head } from "./head.ts";
import type { Incoming } from "./incoming.ts";

import type { Vocabulary } from "./vocabulary.ts";

type ForwardedRequest = Pick<Incoming, "core" | "connection" | "head"> & {
  readonly decision: Forward;
};

/**
 * The headers for the variant: those of the request, the route, and the forwarding headers. An edge writes the route in its
 * canonical form; in the mesh it is unchanged. Takes ownership of `head.kept`.
 */
export function requestHeaders({ core, connection, head, decision }: ForwardedRequest): string[] {
  const { vocabulary } = core;
  const headers = head.kept;
  if (connection.role.kind === "edge") addCanonicalRoute(headers, head, decision.route, vocabulary);
  if (head.wantsTrace) headers.push(vocabulary.names.trace, "on");
  if (head.takesTrailers) headers.push("te", "trailers");
  addForwarded(headers, head, connection.remote);
  return headers;
}

function addCanonicalRoute(
  headers: string[],
  head: Head,
  route: Route,
  vocabulary: Vocabulary,
): void {
  const strict = route.mode === "strict";
  if (isRouted(route) || strict) {
    for (const [name, value] of formatRoute(route, vocabulary.names)) headers.push(name, value);
  } else if (head.baggage === undefined) {
    return;
  }
  const baggage = writeBaggage(head.baggage, route);
  if (baggage !== undefined) headers.push("baggage", baggage);
}

/** RFC 7239 and its predecessors. At the edge `head` holds none of them, so they start empty. */
function addForwarded(headers: string[], head: Head, remote: string): void {
  const host = head.host ?? "";
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
