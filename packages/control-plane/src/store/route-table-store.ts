import type { RouteTable, TableContent, TableId } from "@cocktail/route";

/**
 * Stores the route table. Every change is one new epoch, appended by compare-and-swap.
 * Every method rejects with STORE_UNAVAILABLE while the store is away.
 */
export interface RouteTableStore {
  /** The newest table. Never older than one that was appended, or given by `watch`, before the call. */
  head(): Promise<RouteTable>;
  /**
   * Makes `content` the table of epoch `expectedEpoch + 1`, if `expectedEpoch` is the head's. Rejects with
   * TABLE_INVALID for content that readers would reject. After STORE_UNAVAILABLE it is unknown whether it was appended:
   * read the head.
   */
  append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome>;
  /** Undefined below the history floor, and above the head. */
  at(epoch: number): Promise<RouteTable | undefined>;
  /**
   * The head, unless it is `from`, then every later head. Heads may be coalesced to the newest. Survives outages of the
   * store. Ends when the signal is aborted or the store is closed.
   */
  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable>;
  /**
   * Deletes the tables that were no longer current at `before`, and raises the history floor. Returns the floor. Always
   * keeps the head.
   */
  prune(before: Date): Promise<number>;
}

export type AppendOutcome =
  | { readonly kind: "appended"; readonly table: RouteTable }
  /** The head has the same content; there is no new epoch. */
  | { readonly kind: "unchanged"; readonly table: RouteTable }
  /** Another writer appended first. Plan again from this head. */
  | { readonly kind: "conflict"; readonly head: RouteTable };
