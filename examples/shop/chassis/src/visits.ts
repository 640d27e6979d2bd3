import type { IncomingHttpHeaders } from "node:http";

/** How many requests with one route a process has answered. */
export interface Visit {
  /** `payment-service:mp-101;environment=ops-101`; empty for a request without a route. */
  readonly route: string;
  readonly count: number;
}

/** Routes beyond this many are counted together: anybody may send any route. */
const maxRoutes = 200;

/** Counts requests by their route. The demo reads it to prove that stable saw none of a branch's requests. */
export class Visits {
  readonly #counts = new Map<string, number>();

  add(headers: IncomingHttpHeaders): void {
    const route = routeOf(headers);
    const known = this.#counts.has(route) || this.#counts.size < maxRoutes;
    const counted = known ? route : "others";
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
  }

  list(): readonly Visit[] {
    return Array.from(this.#counts, ([route, count]) => ({ route, count }));
  }
}

/** The route of a request as one line, from its headers as they came. */
export function routeOf(headers: IncomingHttpHeaders): string {
  const parts = [textOf(headers["x-service-route"])];
  const environment = textOf(headers["x-source-route"]);
  if (environment !== "") parts.push(`environment=${environment}`);
  if (textOf(headers["x-route-mode"]) === "strict") parts.push("mode=strict");
  return parts.join(";").replace(/^;/, "");
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : (header ?? []).join(", ");
}
