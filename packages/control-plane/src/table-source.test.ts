import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openTableReader, type TableSource } from "@cocktail/client";
import { until } from "../test/open-api.ts";
import { sampleContent } from "./store/testing/samples.ts";
import { MemoryStore } from "./store/memory/memory-store.ts";
import { storeTableSource } from "./table-source.ts";

describe("a reader in the process of the control plane", () => {
  test("has every table as soon as it is appended", async () => {
    const store = new MemoryStore();
    const reader = await openTableReader({ source: storeTableSource(store.tables) });
    assert.deepEqual(reader.table(), await store.tables.head());
    for (let epoch = 0; epoch < 5; epoch++) {
      await store.tables.append(epoch, sampleContent({ a: { stable: `r${epoch}` } }));
      assert.equal((await reader.waitFor(epoch + 1, { timeoutMs: 20_000 })).epoch, epoch + 1);
    }
    await reader.close();
    await store.close();
  });

  test("stays connected in silence, because there are heartbeats", async () => {
    const store = new MemoryStore();
    const beating = storeTableSource(store.tables, { heartbeatMs: 10 });
    let streams = 0;
    let beats = 0;
    const source: TableSource = {
      ...beating,
      async *stream(held, signal) {
        streams++;
        for await (const event of beating.stream(held, signal)) {
          if (event.kind === "alive") beats++;
          yield event;
        }
      },
    };
    const reader = await openTableReader({ source, silenceMs: 500 });
    // Together they take longer than the silence that the reader bears.
    await until("60 heartbeats", () => beats >= 60);
    assert.equal(streams, 1, "it was given up and made anew");
    assert.equal(reader.connected, true);
    await reader.close();
    await store.close();
  });

  test("closes at once, also while it waits for a change", async () => {
    const store = new MemoryStore();
    const reader = await openTableReader({ source: storeTableSource(store.tables) });
    await reader.close();
    await assert.rejects(reader.waitFor(1), { name: "ReaderClosed" });
    await store.close();
  });

  test("can leave a stream between two tables", async () => {
    const store = new MemoryStore();
    const source = storeTableSource(store.tables, { heartbeatMs: 5 });
    for await (const event of source.stream(
      await store.tables.head(),
      new AbortController().signal,
    )) {
      if (event.kind === "alive") break;
    }
    let beats = 0;
    for await (const event of source.stream(
      await store.tables.head(),
      new AbortController().signal,
    )) {
      assert.equal(event.kind, "alive");
      if (++beats === 3) break;
    }
    await store.close();
  });
});
