import type { RouteTable } from "@cocktail/route";

/** Which table: the epoch alone does not say of which history. */
export interface TableVersion {
  readonly epoch: number;
  readonly tag: string;
}

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
  stream(from: TableVersion | undefined, signal: AbortSignal): AsyncIterable<TableEvent>;
}

/** `<epoch>-<tag>`: the ETag of a table, and the id of its event. */
export function formatVersion(version: TableVersion): string {
  return `${version.epoch}-${version.tag}`;
}

/** The reverse of `formatVersion`; undefined where the text is anything else. */
export function parseVersion(text: string): TableVersion | undefined {
  const match = /^(0|[1-9][0-9]{0,15})-([0-9a-f]{8})$/.exec(text);
  const [, epoch = "", tag = ""] = match ?? [];
  const number = Number(epoch);
  return match !== null && Number.isSafeInteger(number) ? { epoch: number, tag } : undefined;
}
