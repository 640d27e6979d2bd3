import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RouteTableStore } from "../route-table-store.ts";
import { type TablesFixture, withVariant } from "./samples.ts";

const writers = 4;
const changes = 12;

/** Counts its own variant up, whatever the others do meanwhile. */
async function write(store: RouteTableStore, key: string): Promise<void> {
  for (let count = 1; count <= changes; count++) {
    for (;;) {
      const head = await store.head();
      const content = withVariant(head, "counter", key, String(count));
      const outcome = await store.append(head.epoch, content);
      if (outcome.kind === "appended") break;
      assert.equal(outcome.kind, "conflict");
    }
  }
}

export function describeWriters(open: () => Promise<TablesFixture>): void {
  describe("several writers at once", () => {
    test("never lose, duplicate or reorder an epoch, and a watcher sees only rising ones", async () => {
      await using fixture = await open();
      const stores = [fixture.store.tables];
      while (stores.length < writers) stores.push((await fixture.another()).tables);

      const seen: number[] = [];
      const watching = (async (): Promise<void> => {
        for await (const table of fixture.store.tables.watch(
          undefined,
          AbortSignal.timeout(60_000),
        )) {
          seen.push(table.epoch);
          if (table.epoch === writers * changes) return;
        }
        assert.fail(`the watch saw ${seen.at(-1)} last, not ${writers * changes}`);
      })();
      await Promise.all(stores.map((store, at) => write(store, `mp-${at}`)));
      await watching;

      assert.deepEqual(
        seen,
        seen.toSorted((one, other) => one - other),
      );
      assert.equal(new Set(seen).size, seen.length);
      await assertEveryEpochIsOneChange(fixture.store.tables);
    });
  });
}

/** Each table differs from the one before by one step of one counter. */
async function assertEveryEpochIsOneChange(store: RouteTableStore): Promise<void> {
  const head = await store.head();
  assert.equal(head.epoch, writers * changes);
  let before = new Map<string, number>();
  const tags = new Set<string>();
  for (let epoch = 1; epoch <= head.epoch; epoch++) {
    const table = (await store.at(epoch)) ?? assert.fail(`epoch ${epoch} is missing`);
    const counts = new Map(
      Object.entries(table.services["counter"] ?? {}).map(([key, { revision }]) => [
        key,
        Number(revision),
      ]),
    );
    const steps = [...counts].filter(([key, count]) => count !== (before.get(key) ?? 0));
    assert.equal(steps.length, 1, `epoch ${epoch} made ${steps.length} steps`);
    for (const [key, count] of steps) assert.equal(count, (before.get(key) ?? 0) + 1);
    tags.add(table.tag);
    before = counts;
  }
  assert.equal(tags.size, head.epoch);
}
