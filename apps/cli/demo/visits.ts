import { member, records } from "./json.ts";
import type { ShopRequest } from "./shop-request.ts";

/** How often a stable process received a route. */
export interface Visit {
  readonly service: string;
  readonly route: string;
  readonly count: number;
}

/** Parses `/api/visits` of the storefront: each service's count of received routes. */
export function readVisits(body: string): readonly Visit[] {
  const value: unknown = JSON.parse(body);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([service, report]) =>
    records(member(report, "visits")).map((visit) => ({
      service,
      route: String(member(visit, "route")),
      count: Number(member(visit, "count")),
    })),
  );
}

/** The route of a request in the shop's format, with the environment of its host. */
export function routeOf({ pins, environment, strict, host }: ShopRequest): string {
  const [first = "", second] = host.split(".");
  const layer = environment ?? (second === undefined ? undefined : first);
  const parts = [
    pins ?? "",
    ...(layer === undefined ? [] : [`environment=${layer}`]),
    ...(strict === true ? ["mode=strict"] : []),
  ];
  return parts.join(";").replace(/^;/, "");
}
