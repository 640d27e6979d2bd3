import { hash8 } from "./hash.ts";
import type { RouteTable, TableEnvironment, TableVariant } from "./table.ts";

/** The part of a table that decides routing: without epoch, tag and history floor. */
export type TableContent = Pick<RouteTable, "services" | "environments">;

const resolver = 1;

/**
 * The canonical text of a table's content: names sorted, absent members omitted. Two tables have equal content exactly when
 * their texts are equal.
 */
export function canonicalTable(table: TableContent): string {
  const services = sorted(table.services, (variants) => sorted(variants, canonicalVariant));
  const environments = sorted(table.environments, canonicalEnvironment);
  return `{"resolver":${resolver},"services":${services},"environments":${environments}}`;
}

/**
 * The tag of the successor of the table tagged `previousTag`: 8 hex digits. Tags form a hash chain, so a reader detects a
 * table of another history, such as a restored backup or another installation.
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
