import type { RouteTable, TableContent, TableId } from "@cocktail/route";

/**
 * Where the route table lives. One counter for everything: every change is one new epoch, written by compare-and-swap.
 * Every method rejects with STORE_UNAVAILABLE while the store is away.
 */
export interface RouteTableStore {
  /** The newest table. Never older than one that was appended, or given by `watch`, before the call. */
  head(): Promise<RouteTable>;
  /**
   * Makes `content` the table of epoch `expectedEpoch + 1`, if `expectedEpoch` is the head's. Rejects with
   * TABLE_INVALID for what no reader would accept. After STORE_UNAVAILABLE it is not known whether it was written:
   * read the head.
   */
  append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome>;
  /** Undefined below the history floor, and above the head. */
  at(epoch: number): Promise<RouteTable | undefined>;
  /**
   * The head, unless it is `from`, then every later head; heads that follow each other fast may be left out, the newest
   * never. Goes on through outages of the store. Ends at the signal, and when the store is closed.
   */
  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable>;
  /**
   * Forgets the tables that were no longer current at `before`, and raises the history floor. Returns the floor. The head
   * is always kept.
   */
  prune(before: Date): Promise<number>;
}

export type AppendOutcome =
  | { readonly kind: "appended"; readonly table: RouteTable }
  /** The head routes like this already; there is no new epoch. */
  | { readonly kind: "unchanged"; readonly table: RouteTable }
  /** Somebody else was first. Plan again on this head. */
  | { readonly kind: "conflict"; readonly head: RouteTable };
