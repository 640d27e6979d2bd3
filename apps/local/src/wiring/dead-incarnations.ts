import { formatIncarnation } from "@cocktail/environment";
import type { RouteTable, TableVariant } from "@cocktail/route";

/** Incarnations of a table, by name. */
export function incarnationsOf(table: RouteTable): ReadonlySet<string> {
  return new Set(
    Object.entries(table.services).flatMap(([service, variants]) =>
      Object.entries(variants).map(([key, { incarnation }]) =>
        formatIncarnation({ service, key, incarnation }),
      ),
    ),
  );
}

/**
 * A table without the addresses of dead incarnations; the table itself where none is listed. A run finds the entries of earlier
 * runs in the table; their processes are dead, and another process may listen at their addresses by now. They stay
 * in the table, so that requests to a branch that isn't restarted yet get a 503 that names it, and never stable.
 */
export function withoutAddresses(table: RouteTable, dead: ReadonlySet<string>): RouteTable {
  if (dead.isDisjointFrom(incarnationsOf(table))) return table;
  const services = Object.entries(table.services).map(([service, variants]) => {
    const entries = Object.entries(variants).map(([key, variant]) => {
      const isDead = dead.has(
        formatIncarnation({ service, key, incarnation: variant.incarnation }),
      );
      return [key, isDead ? withoutAddress(variant) : variant] as const;
    });
    return [service, Object.fromEntries(entries)] as const;
  });
  return { ...table, services: Object.fromEntries(services) };
}

function withoutAddress({ destination: _, ...variant }: TableVariant): TableVariant {
  return variant;
}
