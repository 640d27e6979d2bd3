import type { RouteTable } from "./table.ts";

/** The unique id of a published table. `58-1a2b3c4d` is the content of its ETag and the id of its event. */
export interface TableId {
  readonly epoch: number;
  readonly tag: string;
}

const idPattern = /^(0|[1-9][0-9]{0,15})-([0-9a-f]{8})$/;

/** `<epoch>-<tag>`, such as `58-1a2b3c4d`. */
export function formatTableId(table: Pick<RouteTable, "epoch" | "tag">): string {
  return `${table.epoch}-${table.tag}`;
}

/** The parts of `<epoch>-<tag>`; undefined for any other form. */
export function parseTableId(text: string): TableId | undefined {
  const [, digits = "", tag = ""] = idPattern.exec(text) ?? [];
  const epoch = Number(digits);
  return tag !== "" && Number.isSafeInteger(epoch) ? { epoch, tag } : undefined;
}
