import { hash8 } from "./hash.ts";
import type { RouteTable, TableEnvironment, TableVariant } from "./table.ts";

/** What a table routes, without the number it was published under. */
export type TableContent = Pick<RouteTable, "services" | "environments">;

const resolver = 1;

/**
 * The one text of a table's content: names sorted, absent members left out. Two tables route alike exactly when their
 * texts are equal. Epoch, tag and history floor are not part of it.
 */
export function canonicalTable(table: TableContent): string {
  const services = sorted(table.services, (variants) => sorted(variants, canonicalVariant));
  const environments = sorted(table.environments, canonicalEnvironment);
  return `{"resolver":${resolver},"services":${services},"environments":${environments}}`;
}

/**
 * The tag of the table that follows the one tagged `previousTag`: 8 hex digits. Tags are a chain, so a reader that holds
 * a table of another history (a restored backup, another installation) sees a tag it can't have.
 */
export function nextTag(
  previousTag: string,
  next: TableContent & Pick<RouteTable, "epoch">,
): string {
  return hash8(`${previousTag}\n${next.epoch}\n${canonicalTable(next)}`);
}

function canonicalVariant(variant: TableVariant): string {
  return JSON.stringify({
    incarnation: variant.incarnation,
    tier: variant.tier,
    revision: variant.revision,
    destination: variant.destination,
    onUnavailable: variant.onUnavailable,
    endpoints:
      variant.endpoints === undefined ? undefined : [...new Set(variant.endpoints)].toSorted(),
  });
}

function canonicalEnvironment(environment: TableEnvironment): string {
  const members = sorted(environment.members, (key) => JSON.stringify(key));
  return `{"parent":${JSON.stringify(environment.parent)},"members":${members}}`;
}

function sorted<T>(record: Readonly<Record<string, T>>, render: (value: T) => string): string {
  const entries = Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${render(value)}`).join(",")}}`;
}
