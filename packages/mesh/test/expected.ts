import { readRoute, resolve, type RouteTable } from "@cocktail/route";
import type { Clusters } from "../src/index.ts";
import { type HeaderLines, valuesOf } from "./requests.ts";

/** The cluster that `resolve` means for a request at a hop. Strict: 424 where this service's pin or a member was missed. */
export function expectedCluster(
  table: RouteTable,
  service: string,
  request: HeaderLines,
  clusters: Clusters,
): string {
  const { route } = readRoute((name) => valuesOf(request, name));
  const { key, missed } = resolve(table, route, { service });
  const misses = missed.some(({ kind }) => kind === "pin" || kind === "member");
  if (route.mode === "strict" && misses) return clusters.strict;
  return key === undefined ? clusters.none : clusters.of(key);
}

/** One cluster a key, named by it. */
export const clusters: Clusters = { of: (key) => `K|${key}`, none: "none", strict: "strict" };
