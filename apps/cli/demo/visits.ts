import { member, records } from "./json.ts";
import type { ShopRequest } from "./shop-request.ts";

/** One route a stable process has seen, and how often. */
export interface Visit {
  readonly service: string;
  readonly route: string;
  readonly count: number;
}

/** What `/api/visits` of the storefront says: each service's own count of the routes it was asked with. */
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

/** The route of a request the way the shop writes it, with the environment its host means. */
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
