import { emptyTable, type RouteTable } from "@cocktail/route";

/** A variant of the table, so since epoch `from`. Its document is data until a table is made of it. */
export interface VariantSpan {
  readonly service: string;
  readonly key: string;
  readonly from: number;
  readonly document: unknown;
}
export interface EnvironmentSpan {
  readonly name: string;
  readonly from: number;
  readonly document: unknown;
}
/** `to` is the first epoch without it. */
export type Ended<S> = S & { readonly to: number };

export interface EpochRow {
  readonly tag: string;
  /** When it became current, in milliseconds. Never before the one before it. */
  readonly at: number;
}

/** Some epochs in a row, and the entries whose last epoch is one of them. */
export interface HistoryPart {
  readonly from: number;
  /** Of `from` and those after it. */
  readonly epochs: readonly EpochRow[];
  readonly variants: readonly Ended<VariantSpan>[];
  readonly environments: readonly Ended<EnvironmentSpan>[];
}

/** A part of the history in an object of its own. */
export interface SegmentRef {
  readonly name: string;
  readonly from: number;
  /** The first epoch after it. */
  readonly to: number;
  /** When its first epoch became current. */
  readonly at: number;
}

/**
 * All that one object holds: the newest table, and the newest part of the history. Older parts are segments, in order and
 * without a gap down to the history floor.
 */
export interface TableHead {
  /** The tag of epoch 0: another one is another history. */
  readonly history: string;
  readonly table: RouteTable;
  /** The entries of the table. */
  readonly variants: readonly VariantSpan[];
  readonly environments: readonly EnvironmentSpan[];
  /** Its last epoch is the table's. */
  readonly recent: HistoryPart;
  readonly segments: readonly SegmentRef[];
}

export function genesisHead(tag: string, now: number): TableHead {
  const table = emptyTable(tag);
  return {
    history: tag,
    table,
    variants: [],
    environments: Object.entries(table.environments).map(([name, document]) => ({
      name,
      from: 0,
      document,
    })),
    recent: { from: 0, epochs: [{ tag, at: now }], variants: [], environments: [] },
    segments: [],
  };
}

/** The epochs from `from` up to, but not including, `to`. */
export function sliceHistory(part: HistoryPart, from: number, to = endOf(part)): HistoryPart {
  const isOf = (span: { readonly to: number }): boolean => span.to > from && span.to <= to;
  return {
    from,
    epochs: part.epochs.slice(from - part.from, to - part.from),
    variants: part.variants.filter(isOf),
    environments: part.environments.filter(isOf),
  };
}

/** The first epoch after it. */
export function endOf({ from, epochs }: HistoryPart): number {
  return from + epochs.length;
}
