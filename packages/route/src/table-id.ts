import type { RouteTable } from "./table.ts";

/** What tells one published table from every other: `58-1a2b3c4d` as an ETag's content and as an event's id. */
export interface TableId {
  readonly epoch: number;
  readonly tag: string;
}

const idPattern = /^(0|[1-9][0-9]{0,15})-([0-9a-f]{8})$/;

/** `<epoch>-<tag>`. */
export function formatTableId(table: Pick<RouteTable, "epoch" | "tag">): string {
  return `${table.epoch}-${table.tag}`;
}

/** The parts of `<epoch>-<tag>`, or undefined where the text is not of that form. */
export function parseTableId(text: string): TableId | undefined {
  const [, digits = "", tag = ""] = idPattern.exec(text) ?? [];
  const epoch = Number(digits);
  return tag !== "" && Number.isSafeInteger(epoch) ? { epoch, tag } : undefined;
}
