import type { TableEvent, TableSource } from "@cocktail/client";
import type { TableId } from "@cocktail/route";
import type { RouteTableStore } from "./store/route-table-store.ts";

const defaultHeartbeatMs = 15_000;

/** The route table for readers in the same process: no sockets, no copies, and the head as soon as it is appended. */
export function storeTableSource(
  store: Pick<RouteTableStore, "head" | "watch">,
  options: { readonly heartbeatMs?: number | undefined } = {},
): TableSource {
  const heartbeatMs = options.heartbeatMs ?? defaultHeartbeatMs;
  return {
    head: () => store.head(),
    stream: (from, signal) => tablesAndHeartbeats(store, { from, signal, heartbeatMs }),
  };
}

interface StreamOptions {
  readonly from: TableId | undefined;
  readonly signal: AbortSignal;
  readonly heartbeatMs: number;
}

async function* tablesAndHeartbeats(
  store: Pick<RouteTableStore, "watch">,
  { from, signal, heartbeatMs }: StreamOptions,
): AsyncGenerator<TableEvent, void, undefined> {
  const left = new AbortController();
  const watch = store.watch(from, AbortSignal.any([signal, left.signal]));
  const tables = watch[Symbol.asyncIterator]();
  let next = tables.next();
  try {
    yield { kind: "alive" };
    for (;;) {
      const result = await withinMs(next, heartbeatMs);
      if (result === undefined) {
        yield { kind: "alive" };
      } else if (result.done === true) {
        return;
      } else {
        yield { kind: "table", table: result.value };
        next = tables.next();
      }
    }
  } finally {
    // Who leaves between two tables would otherwise wait for the next one.
    left.abort();
    await tables.return?.();
  }
}

/** The value, or undefined when it is late. */
async function withinMs<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
