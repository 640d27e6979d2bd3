import { formatTableId, type RouteTable, type TableId } from "@cocktail/route";
import type { RouteTableStore } from "../../store/route-table-store.ts";
import type { StreamWriter } from "./stream-writer.ts";

/** Comments: `: ` is ignored by every reader of server-sent events. */
export const tableStreamFormat = { contentType: "text/event-stream", heartbeat: ": alive\n\n" };

/**
 * Every head after `from`, whole. A reader that is slower than the changes gets the newest when it has room: `watch`
 * leaves out what was overtaken.
 */
export async function writeTables(
  store: Pick<RouteTableStore, "watch">,
  from: TableId | undefined,
  writer: StreamWriter,
  signal: AbortSignal,
): Promise<void> {
  for await (const table of store.watch(from, signal)) {
    if (signal.aborted) return;
    await writer.write(`id: ${formatTableId(table)}\nevent: table\ndata: ${tableText(table)}\n\n`);
  }
}

const texts = new WeakMap<RouteTable, string>();

/** One line of JSON, made once for all readers of a table. */
export function tableText(table: RouteTable): string {
  let text = texts.get(table);
  if (text === undefined) {
    text = JSON.stringify(table);
    texts.set(table, text);
  }
  return text;
}
