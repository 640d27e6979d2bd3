import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AnyObject, Kind, ObjectOf, VariantSpec, VariantStatus } from "@cocktail/environment";
import { ControlPlaneError } from "../../errors.ts";
import type { ObjectEvent, ObjectStore, WriteOutcome } from "../object-store.ts";
import {
  type StoreFixture,
  sampleActor as actor,
  sampleEnvironment,
  sampleService,
  sampleStatus,
  sampleVariant as variantSpec,
} from "./samples.ts";

const name = "payment-service:mp-101";
const kind = "ServiceVariant";

async function created(
  objects: ObjectStore,
  spec: VariantSpec = variantSpec,
): Promise<ObjectOf<"ServiceVariant">> {
  const outcome = await objects.create({ kind, name, spec }, actor);
  assert.equal(outcome.kind, "written");
  return outcome.object;
}

function written<K extends Kind>(
  outcome: WriteOutcome<K> | { readonly kind: "gone" },
): ObjectOf<K> {
  if (outcome.kind === "written") return outcome.object;
  return assert.fail(`the write was ${outcome.kind}`);
}

/** As a database gives documents back: members that are undefined are absent. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

export function describeObjectStore(open: () => Promise<StoreFixture>): void {
  describe("objects", () => {
    describeWrites(open);
    describeDeletion(open);
    describeConcurrency(open);
    describeObjectWatch(open);
  });
}

function describeWrites(open: () => Promise<StoreFixture>): void {
  test("returns every kind with all its members, also to another store", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const promotion = { candidate: { uid: "u", rollout: 2 }, revision: "abc", at: 3 };
    const labels = { ticket: "OPS-101" };
    const drafts = [
      { kind: "Service", name: "payment-service", spec: sampleService, labels },
      { kind, name, spec: { ...variantSpec, promotion, entryHash: "h", discard: true }, labels },
      { kind: "Environment", name: "ops-101", spec: sampleEnvironment, labels },
      { kind: "Ledger", name: "incarnations", spec: {}, labels },
    ] as const;
    const other = (await fixture.another()).objects;
    for (const draft of drafts) {
      const { object } = await objects.create<Kind>(draft, actor);
      assert.equal(object.generation, 1);
      assert.equal(object.changedBy?.actor.name, actor.name);
      assert.deepEqual(plain(object.spec), plain(draft.spec));
      assert.deepEqual(plain(await other.get<Kind>(draft.kind, draft.name)), plain(object));
      const { items } = await other.list<Kind>(draft.kind);
      assert.deepEqual(plain(items), plain([object]));
    }
  });

  test("writes status and spec separately, and only the spec increments the generation", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const first = await created(objects);
    const looked = written(await objects.writeStatus(first, sampleStatus));
    assert.equal(looked.generation, 1);
    assert.notEqual(looked.version, first.version);
    assert.deepEqual(plain(looked.spec), plain(variantSpec));
    const spec = { ...variantSpec, rollout: 4 };
    const changed = written(await objects.writeSpec(looked, spec, { name: "somebody" }));
    assert.equal(changed.generation, 2);
    assert.equal(changed.changedBy?.actor.name, "somebody");
    assert.deepEqual(plain(changed.status), plain(sampleStatus));
    assert.deepEqual(plain(await objects.get(kind, name)), plain(changed));
  });

  test("writing an equal spec changes nothing, whatever the order of its members", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const first = await created(objects);
    const same = {
      ...Object.fromEntries(Object.entries(variantSpec).toReversed()),
      ...variantSpec,
    };
    const again = written(await objects.writeSpec(first, same, actor));
    assert.equal(again.generation, 1);
    assert.equal(again.version, first.version);
  });

  test("refuses a write with a stale version, and changes nothing", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const first = await created(objects);
    const second = written(await objects.writeSpec(first, { ...variantSpec, rollout: 9 }, actor));
    const outcomes = [
      await objects.writeSpec(first, variantSpec, actor),
      await objects.writeStatus(first, sampleStatus),
      await objects.delete(first, actor),
      await objects.release(first),
      await objects.writeStatus({ ...first, version: "never" }, sampleStatus),
    ];
    assert.deepEqual(new Set(outcomes.map((each) => each.kind)), new Set(["conflict"]));
    assert.deepEqual(plain(await objects.get(kind, name)), plain(second));
  });

  test("a write to an absent object and the creation of an existing one are refused", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    assert.equal(await objects.get(kind, name), undefined);
    const absent = { kind, name, version: "1" } as const;
    assert.equal((await objects.writeSpec(absent, variantSpec, actor)).kind, "absent");
    assert.equal((await objects.writeStatus(absent, sampleStatus)).kind, "absent");
    assert.equal((await objects.delete(absent, actor)).kind, "absent");
    assert.equal((await objects.release(absent)).kind, "absent");
    const first = await created(objects);
    const again = await objects.create({ kind, name, spec: { ...variantSpec, rollout: 2 } }, actor);
    assert.equal(again.kind, "exists");
    assert.deepEqual(plain(again.object), plain(first));
  });

  test("keeps names as data", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const members = { constructor: "stable", "x.y-z.0": "mp-1" };
    const spec = { parent: "stable", members };
    await objects.create({ kind: "Environment", name: "constructor", spec }, actor);
    const found = await objects.get("Environment", "constructor");
    assert.deepEqual(found?.spec.members, members);
  });
}

function describeDeletion(open: () => Promise<StoreFixture>): void {
  test("a deleted object with a finalizer stays until it is released; then its name can be reused", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const first = written(await objects.writeStatus(await created(objects), sampleStatus));
    assert.equal(written(await objects.release(first)).deletedAt, undefined);
    const deleted = written(await objects.delete(first, { name: "somebody" }));
    assert.equal(typeof deleted.deletedAt, "number");
    assert.equal(deleted.generation, first.generation);
    assert.equal(deleted.changedBy?.actor.name, "somebody");
    assert.equal(written(await objects.delete(deleted, actor)).version, deleted.version);
    const taken = await objects.create({ kind, name, spec: variantSpec }, actor);
    assert.equal(taken.kind, "exists");
    // The engine still writes what becomes of it.
    const status: VariantStatus = { ...sampleStatus, incarnations: [] };
    const emptied = written(await objects.writeStatus(deleted, status));
    assert.equal((await objects.release(emptied)).kind, "gone");
    assert.equal(await objects.get(kind, name), undefined);
    assert.deepEqual((await objects.list(kind)).items, []);
    const next = await created(objects);
    assert.notEqual(next.uid, first.uid);
    assert.equal(next.generation, 1);
    assert.equal(next.status, undefined);
    assert.equal((await objects.release(emptied)).kind, "conflict");
  });

  test("an object without a finalizer is removed at once", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const draft = { kind: "Service", name: "cart", spec: sampleService } as const;
    const { object } = await objects.create(draft, actor);
    assert.equal((await objects.delete(object, actor)).kind, "gone");
    assert.equal(await objects.get("Service", "cart"), undefined);
  });
}

function describeConcurrency(open: () => Promise<StoreFixture>): void {
  test("of several writes with the same version exactly one succeeds", async () => {
    await using fixture = await open();
    const stores = [fixture.store, await fixture.another(), await fixture.another()];
    let object: ObjectOf<"ServiceVariant"> = await created(fixture.store.objects);
    for (let round = 2; round < 12; round++) {
      const outcomes = await Promise.all(
        stores.map(({ objects }, writer) =>
          writer === 0
            ? objects.writeStatus(object, { ...sampleStatus, lastIncarnation: round })
            : objects.writeSpec(object, { ...variantSpec, rollout: round * 10 + writer }, actor),
        ),
      );
      const made = outcomes.filter((each) => each.kind === "written");
      assert.equal(made.length, 1, JSON.stringify(outcomes.map((each) => each.kind)));
      object = written(made[0] ?? { kind: "gone" });
    }
  });
}

/** Collects what a watch gives, and waits for it without looking at the clock. */
class Watched {
  readonly seen: ObjectEvent<"ServiceVariant">[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #wake = (): void => undefined;

  constructor(objects: ObjectStore, from: string) {
    this.#done = this.#run(objects, from);
  }

  async #run(objects: ObjectStore, from: string): Promise<void> {
    for await (const event of objects.watch(kind, from, this.#stop.signal)) {
      this.seen.push(event);
      this.#wake();
    }
  }

  async until(isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!isSo()) {
      assert.ok(Date.now() < deadline, `the watch only told ${JSON.stringify(this.seen)}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, 1_000);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
  }

  last(): AnyObject | undefined {
    return this.seen.at(-1)?.object;
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

function describeObjectWatch(open: () => Promise<StoreFixture>): void {
  test("a watch delivers later changes in order, always the newest, and removals", async () => {
    await using fixture = await open();
    const { objects } = fixture.store;
    const before = await created(objects);
    const { from } = await objects.list(kind);
    const watched = new Watched(objects, from);
    const changed = written(await objects.writeSpec(before, { ...variantSpec, rollout: 8 }, actor));
    await watched.until(() => watched.last()?.version === changed.version);
    const other = (await fixture.another()).objects;
    const looked = written(await other.writeStatus(changed, sampleStatus));
    await watched.until(() => watched.last()?.version === looked.version);
    const deleted = written(await other.delete(looked, actor));
    await objects.release(deleted);
    await watched.until(() => watched.seen.at(-1)?.change === "removed");
    assert.equal(watched.last()?.uid, before.uid);
    const next = await created(objects);
    await watched.until(() => watched.last()?.uid === next.uid);
    const versions = watched.seen.map(({ object }) => object.generation);
    assert.deepEqual(
      versions.slice(0, -1),
      versions.slice(0, -1).toSorted((one, two) => one - two),
    );
    assert.ok(watched.seen.every(({ object }) => object.kind === kind));
    await watched.end();
  });

  test("a watch of many changes ends at the newest, whichever store made them", async () => {
    await using fixture = await open();
    const stores = [fixture.store.objects, (await fixture.another()).objects];
    const [first, other] = stores;
    assert.ok(first !== undefined && other !== undefined);
    let object = await created(first);
    const watched = new Watched(first, (await first.list(kind)).from);
    for (let rollout = 10; rollout < 60; rollout++) {
      const objects = rollout % 3 === 0 ? other : first;
      object = written(await objects.writeSpec(object, { ...variantSpec, rollout }, actor));
    }
    const { version } = object;
    await watched.until(() => watched.last()?.version === version);
    const generations = watched.seen.map((event) => event.object.generation);
    assert.deepEqual(
      generations,
      generations.toSorted((one, two) => one - two),
    );
    await watched.end();
  });

  test("a watch from a version that is no longer kept throws WATCH_EXPIRED", async () => {
    await using fixture = await open();
    const watching = async (): Promise<void> => {
      const signal = AbortSignal.timeout(20_000);
      for await (const event of fixture.store.objects.watch(kind, "-7", signal)) {
        assert.fail(JSON.stringify(event));
      }
    };
    await assert.rejects(watching(), (error) => ControlPlaneError.is(error, "WATCH_EXPIRED"));
  });
}
