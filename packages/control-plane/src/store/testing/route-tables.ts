import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nextTag, type RouteTable, type TableContent } from "@cocktail/route";
import type { RouteTableStore } from "../route-table-store.ts";
import {
  historySteps,
  sampleContent,
  type TablesFixture,
  withoutFloor,
  withVariant,
} from "./samples.ts";

/** Appends to whatever the head is, and answers the new table. */
async function publish(store: RouteTableStore, content: TableContent): Promise<RouteTable> {
  const outcome = await store.append((await store.head()).epoch, content);
  if (outcome.kind === "appended") return outcome.table;
  return assert.fail(`the append was ${outcome.kind}`);
}

export function describeRouteTableStore(open: () => Promise<TablesFixture>): void {
  describe("route tables", () => {
    test("starts at epoch 0 with a random tag and the layer rc", async () => {
      await using fixture = await open();
      await using other = await open();
      const head = await fixture.store.tables.head();
      assert.equal(head.epoch, 0);
      assert.match(head.tag, /^[0-9a-f]{8}$/);
      assert.notEqual(head.tag, (await other.store.tables.head()).tag);
      assert.deepEqual(head.services, {});
      assert.deepEqual(head.environments, { rc: { parent: "stable", members: {} } });
      assert.deepEqual(await fixture.store.tables.at(0), head);
    });

    test("makes every change one epoch, whose tag continues the chain", async () => {
      await using fixture = await open();
      const genesis = await fixture.store.tables.head();
      const content = sampleContent({ "cart-service": { stable: "r1", "mp-102": "r2" } });
      const outcome = await fixture.store.tables.append(0, content);
      assert.equal(outcome.kind, "appended");
      const head = await fixture.store.tables.head();
      assert.equal(head.epoch, 1);
      assert.equal(head.tag, nextTag(genesis.tag, { epoch: 1, ...content }));
      assert.deepEqual(head.services, content.services);
      assert.deepEqual(outcome.kind === "appended" && outcome.table, head);
    });

    test("refuses an append to any other epoch than the head's, and changes nothing", async () => {
      await using fixture = await open();
      const first = await publish(fixture.store.tables, sampleContent({ a: { stable: "r1" } }));
      for (const wrong of [0, 2, 99]) {
        const outcome = await fixture.store.tables.append(
          wrong,
          sampleContent({ a: { stable: "r2" } }),
        );
        assert.equal(outcome.kind, "conflict");
        assert.deepEqual(outcome.kind === "conflict" && outcome.head, first);
      }
      assert.deepEqual(await fixture.store.tables.head(), first);
    });

    test("makes no epoch of a table with the content of the head", async () => {
      await using fixture = await open();
      const content = sampleContent({ a: { stable: "r1", "mp-1": "r2" }, b: { stable: "r1" } });
      const first = await publish(fixture.store.tables, content);
      const reversed = Object.fromEntries(Object.entries(content.services).toReversed());
      const outcome = await fixture.store.tables.append(1, { ...content, services: reversed });
      assert.equal(outcome.kind, "unchanged");
      assert.deepEqual(await fixture.store.tables.head(), first);
    });

    test("refuses an invalid table", async () => {
      await using fixture = await open();
      const environments = {
        rc: { parent: "stable", members: {} },
        x: { parent: "y", members: {} },
      };
      await assert.rejects(fixture.store.tables.append(0, { services: {}, environments }), {
        code: "TABLE_INVALID",
        message: /environments\.x\.parent/,
      });
      assert.equal((await fixture.store.tables.head()).epoch, 0);
    });

    test("keeps names as data", async () => {
      await using fixture = await open();
      const names = ["constructor", "tostring", "x.y-z.0"];
      const content = sampleContent(
        Object.fromEntries(names.map((name) => [name, { stable: name, constructor: "r" }])),
      );
      const environments = {
        ...content.environments,
        constructor: { parent: "rc", members: { constructor: "constructor" } },
      };
      await publish(fixture.store.tables, { services: content.services, environments });
      const head = await fixture.store.tables.head();
      assert.deepEqual(head.services, content.services);
      assert.deepEqual(head.environments, environments);
    });

    describeHistory(open);
    describeWatching(open);
  });
}

function describeHistory(open: () => Promise<TablesFixture>): void {
  test("returns the table of every epoch unchanged", async () => {
    await using fixture = await open();
    const store = fixture.store.tables;
    const tables = [await store.head()];
    for (const { service, key, revision } of historySteps(120)) {
      const head = tables.at(-1) ?? assert.fail("no head");
      const outcome = await store.append(head.epoch, withVariant(head, service, key, revision));
      if (outcome.kind === "appended") tables.push(outcome.table);
    }
    assert.ok(tables.length > 60, `only ${tables.length} epochs: the steps don't change enough`);
    const reopened = (await fixture.another()).tables;
    for (const table of tables) assert.deepEqual(await reopened.at(table.epoch), table);
    assert.equal(await reopened.at(tables.length), undefined);
  });

  test("returns no table for an epoch that doesn't exist", async () => {
    await using fixture = await open();
    for (const epoch of [-1, 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      assert.equal(await fixture.store.tables.at(epoch), undefined, String(epoch));
    }
  });

  test("prunes tables that were no longer current at a time, and raises the floor to the oldest kept", async () => {
    await using fixture = await open();
    const store = fixture.store.tables;
    const first = await publish(store, sampleContent({ a: { stable: "r1", "mp-1": "r1" } }));
    const second = await publish(store, sampleContent({ a: { stable: "r2", "mp-1": "r1" } }));
    assert.equal(await store.prune(new Date(0)), 0, "everything is younger than that");
    assert.deepEqual(await store.at(0), { ...(await store.at(0)), epoch: 0 });

    assert.equal(await store.prune(new Date(Date.now() + 60_000)), 2);
    assert.equal(await store.at(0), undefined);
    assert.equal(await store.at(1), undefined);
    assert.deepEqual(await store.at(2), { ...second, historyFloor: 2 });
    assert.deepEqual(await store.head(), { ...second, historyFloor: 2 });
    assert.equal(await store.prune(new Date(0)), 2, "the floor never sinks");

    const third = await publish(store, { ...first });
    assert.equal(third.historyFloor, 2);
    assert.deepEqual(withoutFloor((await store.at(3)) ?? third), withoutFloor(third));
  });
}

function describeWatching(open: () => Promise<TablesFixture>): void {
  test("gives a watcher the head, then every change, and ends at the signal", async () => {
    await using fixture = await open();
    const store = fixture.store.tables;
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const table of store.watch(undefined, stop.signal)) {
      seen.push(table.epoch);
      assert.deepEqual(await store.at(table.epoch), table);
      if (table.epoch === 3) stop.abort();
      else await publish(store, sampleContent({ a: { stable: `r${table.epoch}` } }));
    }
    assert.deepEqual(seen, [0, 1, 2, 3]);
  });

  test("gives a watcher who has the head nothing until the next change", async () => {
    await using fixture = await open();
    const store = fixture.store.tables;
    const head = await publish(store, sampleContent({ a: { stable: "r1" } }));
    const watch = store.watch(head, new AbortController().signal)[Symbol.asyncIterator]();
    const next = watch.next();
    await publish(store, sampleContent({ a: { stable: "r2" } }));
    const result = await next;
    assert.equal(result.done === true ? undefined : result.value.epoch, 2);
    await watch.return?.();
  });

  test("gives a watcher of another history the head", async () => {
    await using fixture = await open();
    const store = fixture.store.tables;
    await publish(store, sampleContent({ a: { stable: "r1" } }));
    const foreign = { epoch: 1, tag: "00000000" };
    for await (const table of store.watch(foreign, new AbortController().signal)) {
      assert.equal(table.epoch, 1);
      break;
    }
  });

  test("delivers to a watcher what another store appended", async () => {
    await using fixture = await open();
    const other = (await fixture.another()).tables;
    const watch = fixture.store.tables.watch(undefined, AbortSignal.timeout(20_000));
    for await (const table of watch) {
      if (table.epoch === 1) break;
      await publish(other, sampleContent({ a: { stable: "r1" } }));
    }
    assert.equal((await fixture.store.tables.head()).epoch, 1, "the watch ended before it told");
  });
}
