import type { RouteTable, TableId } from "@cocktail/route";

export type TableEvent =
  | { readonly kind: "table"; readonly table: RouteTable }
  /** A heartbeat: the control plane is there and has nothing newer. */
  | { readonly kind: "alive" };

/**
 * Where a TableReader gets its tables from. Every table it gives is whole and was read with `readTable` or comes from the
 * control plane in the same process.
 */
export interface TableSource {
  /** The newest table there is. Never one older than `stream` gave before the call. */
  head(signal: AbortSignal): Promise<RouteTable>;
  /**
   * The head, unless it is `from`, then every later table; some may be left out, the newest never. Ends or throws when the
   * connection is lost, and soon after the signal.
   */
  stream(from: TableId | undefined, signal: AbortSignal): AsyncIterable<TableEvent>;
}
