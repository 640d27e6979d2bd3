import { storeCorrupt } from "@cocktail/control-plane/store";
import { readTable, type RouteTable } from "@cocktail/route";
import type {
  EnvironmentSpan,
  HistoryPart,
  SegmentRef,
  TableHead,
  VariantSpan,
} from "./tables-head.ts";

/** The segments that the table of an epoch is read from: the one that holds the epoch, and all after it. */
export function segmentsFor(head: TableHead, epoch: number): readonly SegmentRef[] {
  return head.segments.filter(({ to }) => to > epoch);
}

/** The table of an epoch from the floor to the head, from the head and the segments of `segmentsFor`. */
export function tableAt(
  head: TableHead,
  segments: readonly HistoryPart[],
  epoch: number,
): RouteTable {
  const parts = [...segments, head.recent];
  const row = parts.flatMap(({ from, epochs }) => epochs[epoch - from] ?? [])[0];
  if (row === undefined) throw storeCorrupt(`epoch ${epoch} of the route table is missing`);
  const holds = (span: { readonly from: number; readonly to?: number }): boolean =>
    span.from <= epoch && (span.to === undefined || span.to > epoch);
  return tableOf(
    { epoch, tag: row.tag, historyFloor: head.table.historyFloor },
    [...head.variants, ...parts.flatMap(({ variants }) => variants)].filter(holds),
    [...head.environments, ...parts.flatMap(({ environments }) => environments)].filter(holds),
  );
}

/** Makes a table of its entries. Throws STORE_CORRUPT for what readers would reject. */
export function tableOf(
  version: Pick<RouteTable, "epoch" | "tag" | "historyFloor">,
  variants: readonly VariantSpan[],
  environments: readonly EnvironmentSpan[],
): RouteTable {
  const services = new Map<string, [string, unknown][]>();
  for (const { service, key, document } of variants) {
    const entries = services.get(service) ?? [];
    entries.push([key, document]);
    services.set(service, entries);
  }
  const reading = readTable({
    ...version,
    resolver: 1,
    services: Object.fromEntries(
      [...services].map(([service, entries]) => [service, Object.fromEntries(entries)]),
    ),
    environments: Object.fromEntries(environments.map(({ name, document }) => [name, document])),
  });
  if (reading.ok) return reading.table;
  const { path, message } = reading.fault;
  throw storeCorrupt(`the stored route table of epoch ${version.epoch}: ${path} ${message}`);
}
