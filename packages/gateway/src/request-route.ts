import {
  type FieldValue,
  type ParsedRoute,
  parseRoute,
  readRoute,
  unrouted,
} from "@cocktail/route";
import { readRouteCookie } from "./entry-cookie.ts";
import type { Head } from "./head.ts";
import type { Vocabulary } from "./vocabulary.ts";

const unroutedRequest: ParsedRoute = Object.freeze({
  route: unrouted,
  rejected: Object.freeze([]),
});

/** The route of a mesh request: from the headers, else from `baggage`. */
export function meshRoute(head: Head, vocabulary: Vocabulary): ParsedRoute {
  return head.hasRouteFields ? fromHeaders(head, vocabulary) : unroutedRequest;
}

/**
 * The route of an edge request. The environment may also come from the host, then from the cookie, then from the page that
 * sent the request (`Origin`, else `Referer`), so that a page keeps its environment when it calls another service's host. A
 * field that is present, even rejected, hides the sources below it.
 */
export function edgeRoute(
  head: Head,
  vocabulary: Vocabulary,
  hostEnvironment: string | undefined,
  environmentOfPage: (url: string) => string | undefined,
): ParsedRoute {
  const parsed = head.hasRouteFields ? fromHeaders(head, vocabulary) : unroutedRequest;
  if (head.environment !== undefined || parsed.route.environment !== undefined) return parsed;
  const { cookie, origin, referer } = head;
  const page = origin ?? referer;
  const environment =
    hostEnvironment ??
    readRouteCookie(cookie) ??
    (page === undefined ? undefined : environmentOfPage(page));
  if (environment === undefined) return parsed;
  if (parsed.rejected.some(({ field }) => field === "environment")) return parsed;
  const below = parseRoute({ environment });
  return {
    route: { ...parsed.route, environment: below.route.environment },
    rejected: [...parsed.rejected, ...below.rejected],
  };
}

function fromHeaders(head: Head, vocabulary: Vocabulary): ParsedRoute {
  const { names } = vocabulary;
  const lookup = (name: string): FieldValue => {
    if (name === names.pins) return head.pins;
    if (name === names.environment) return head.environment;
    if (name === names.mode) return head.mode;
    return head.baggage;
  };
  return readRoute(lookup, names);
}
