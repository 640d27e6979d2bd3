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

const nothing: ParsedRoute = Object.freeze({ route: unrouted, rejected: Object.freeze([]) });

/** A route inside the mesh: the headers, and `baggage` for fields without one. */
export function meshRoute(head: Head, vocabulary: Vocabulary): ParsedRoute {
  return head.plain ? nothing : fromHeaders(head, vocabulary);
}

/**
 * A route at the edge. Only the environment has more than headers to come from: then the host, the cookie, and the page that
 * sent the request, by `Origin` or else `Referer`, so that a page keeps its environment when it calls another service's host.
 * A field that is present, even rejected, hides what ranks below it.
 */
export function edgeRoute(
  head: Head,
  vocabulary: Vocabulary,
  hostEnvironment: string | undefined,
  environmentOfPage: (url: string) => string | undefined,
): ParsedRoute {
  const parsed = head.plain ? nothing : fromHeaders(head, vocabulary);
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
