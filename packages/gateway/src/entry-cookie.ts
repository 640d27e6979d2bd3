import type { RouteTable } from "@cocktail/route";
import { environmentMissing, hostName, isEnvironment } from "./locate.ts";
import type { Problem } from "./problem.ts";

/** Holds the name of the environment a browser entered. */
export const routeCookie = "cocktail-route";
/** The gateway's own pages; a service can't have paths below it. */
export const ownPages = "/.well-known/cocktail/";

/** The environment in a `Cookie` header; undefined where the cookie is absent. The first of several counts. */
export function readRouteCookie(cookie: string | undefined): string | undefined {
  if (cookie === undefined || !cookie.includes(routeCookie)) return undefined;
  for (const pair of cookie.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0 || pair.slice(0, equals).trim() !== routeCookie) continue;
    const value = pair.slice(equals + 1).trim();
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}

/** The response of one of the gateway's own pages. */
export type OwnPage =
  | { readonly kind: "redirect"; readonly location: string; readonly setCookie: string }
  | { readonly kind: "refused"; readonly problem: Problem };

export interface OwnPageRequest {
  readonly method: string;
  /** With its query; begins with `ownPages`. */
  readonly path: string;
  readonly host: string;
  readonly domain: string;
}

/**
 * `enter?environment=E&to=/path` sets the cookie, `leave?to=/path` clears it; both redirect to `to`, a path of
 * the same site, else to `/`.
 */
export function answerOwnPage(request: OwnPageRequest, table: RouteTable): OwnPage {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refused(
      "MethodNotAllowed",
      `${request.method} is not allowed on the gateway's own pages`,
      "Use GET",
    );
  }
  const query = request.path.indexOf("?");
  const page = request.path.slice(ownPages.length, query < 0 ? undefined : query);
  const parameters = new URLSearchParams(query < 0 ? "" : request.path.slice(query + 1));
  const location = safePath(parameters.get("to"));
  const scope = cookieScope(request);
  if (page === "leave") {
    return { kind: "redirect", location, setCookie: `${routeCookie}=; Max-Age=0; ${scope}` };
  }
  if (page !== "enter") {
    return refused(
      "NoSuchPage",
      `There is no page ${page}`,
      `Pages: ${ownPages}enter, ${ownPages}leave`,
    );
  }
  const environment = parameters.get("environment") ?? "";
  if (!isEnvironment(table, environment)) {
    return { kind: "refused", problem: environmentMissing(environment) };
  }
  return { kind: "redirect", location, setCookie: `${routeCookie}=${environment}; ${scope}` };
}

/**
 * Below a real domain the cookie holds for all its hosts, because a page of one entry service calls the next. For
 * `localhost` and for addresses browsers take host-only cookies alone.
 */
function cookieScope({ host, domain }: OwnPageRequest): string {
  const below = domain.includes(".") && hostName(host).endsWith(domain);
  return `Path=/; HttpOnly; SameSite=Lax${below ? `; Domain=${domain}` : ""}`;
}

/** `//host`, `/\host` and control characters would leave the site or the header. */
function safePath(to: string | null): string {
  return to !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? to : "/";
}

function refused(code: "MethodNotAllowed" | "NoSuchPage", detail: string, fix: string): OwnPage {
  return { kind: "refused", problem: { code, detail, fix } };
}
