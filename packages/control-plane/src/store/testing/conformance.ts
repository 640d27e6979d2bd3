import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeRouteTableStore } from "./route-tables.ts";
import type { StoreFixture } from "./samples.ts";
import { describeObjectStore } from "./objects.ts";
import { describeWriters } from "./writers.ts";

export type { StoreFixture } from "./samples.ts";

/** What every store must do. `open` gives a new, empty store each time. */
export function describeStore(name: string, open: () => Promise<StoreFixture>): void {
  describe(`the store: ${name}`, () => {
    describeRouteTableStore(open);
    describeWriters(open);
    describeObjectStore(open);

    test("is available, and ends its watches when it is closed", async () => {
      await using fixture = await open();
      assert.equal(fixture.store.available, true);
      const epochs: number[] = [];
      const watching = (async (): Promise<void> => {
        const watch = fixture.store.tables.watch(undefined, new AbortController().signal);
        for await (const table of watch) epochs.push(table.epoch);
      })();
      await fixture.store.close();
      await watching;
      assert.deepEqual(epochs, [0]);
    });
  });
}
