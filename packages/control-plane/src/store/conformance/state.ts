import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DesiredEnvironment, type DesiredService, emptyState } from "@cocktail/environment";
import { sampleDesired, sampleIncarnation, type StoreFixture } from "./samples.ts";

const service: DesiredService = {
  name: "payment-service",
  position: 0,
  entry: true,
  protocol: "auto",
  path: "/src/payment-service",
  source: { kind: "service" },
  command: ["python3", "app.py"],
  env: { KEY: "value" },
  entryHash: "12345678",
};

const environment: DesiredEnvironment = {
  name: "ops-101",
  parent: "rc",
  members: { "payment-service": "mp-101", constructor: "stable" },
  generation: 1,
  createdAt: 1_764_000_000_000,
  expiresAt: 1_764_000_600_000,
};

export function describeStateStore(open: () => Promise<StoreFixture>): void {
  describe("desired state and incarnations", () => {
    test("begins empty", async () => {
      await using fixture = await open();
      assert.deepEqual(await fixture.store.load(), emptyState);
    });

    test("gives every record back with all its members, also to another store", async () => {
      await using fixture = await open();
      const promotion = { entryHash: "1", rcGeneration: 2, revision: "abc", at: 3 };
      const stable = { ...sampleDesired, key: "stable", promotion };
      await fixture.store.write([
        { kind: "PutService", service },
        { kind: "PutVariant", variant: sampleDesired },
        { kind: "PutVariant", variant: stable },
        { kind: "PutEnvironment", environment },
        { kind: "PutIncarnation", incarnation: sampleIncarnation },
      ]);
      const state = await (await fixture.another()).load();
      assert.deepEqual(state.services, [service]);
      assert.deepEqual(
        state.variants.toSorted((one, other) => one.key.localeCompare(other.key)),
        [sampleDesired, stable],
      );
      assert.deepEqual(state.environments, [environment]);
      assert.deepEqual(state.incarnations, [sampleIncarnation]);
    });

    test("replaces whole records, and removes them without a word when they are absent", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const { service: name, key, number } = sampleIncarnation;
      const { branch: _, endpoints: __, expiresAt: ___, ...plain } = sampleDesired;
      await store.write([{ kind: "PutVariant", variant: sampleDesired }]);
      await store.write([{ kind: "PutVariant", variant: plain }]);
      assert.deepEqual((await store.load()).variants, [plain]);
      await store.write([
        { kind: "RemoveVariant", service: name, key },
        { kind: "RemoveVariant", service: name, key },
        { kind: "RemoveService", name },
        { kind: "RemoveEnvironment", name: "ops-101" },
        { kind: "RemoveIncarnation", service: name, key, number },
      ]);
      const { counters: _____, ...rest } = await store.load();
      const { counters: ______, ...nothing } = emptyState;
      assert.deepEqual(rest, nothing);
    });

    test("writes a list in its order", async () => {
      await using fixture = await open();
      const { name } = environment;
      await fixture.store.write([
        { kind: "RemoveEnvironment", name },
        { kind: "PutEnvironment", environment },
        { kind: "RemoveEnvironment", name },
        { kind: "PutEnvironment", environment: { ...environment, parent: "stable" } },
      ]);
      const { environments } = await fixture.store.load();
      assert.deepEqual(environments, [{ ...environment, parent: "stable" }]);
    });

    test("remembers the highest numbers of a key after it is gone", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const { service: name, key, number } = sampleIncarnation;
      await store.write([
        { kind: "PutVariant", variant: sampleDesired },
        { kind: "PutIncarnation", incarnation: sampleIncarnation },
        { kind: "PutIncarnation", incarnation: { ...sampleIncarnation, number: 2 } },
        { kind: "PutVariant", variant: { ...sampleDesired, generation: 1 } },
      ]);
      await store.write([
        { kind: "RemoveVariant", service: name, key },
        { kind: "RemoveIncarnation", service: name, key, number },
        { kind: "RemoveIncarnation", service: name, key, number: 2 },
      ]);
      assert.deepEqual(await store.load(), {
        ...emptyState,
        counters: [{ service: name, key, generation: 3, incarnation: 7 }],
      });
    });

    test("loads what concurrent writers wrote whole", async () => {
      await using fixture = await open();
      const stores = [fixture.store, await fixture.another(), await fixture.another()];
      const rounds = 8;
      await Promise.all(
        stores.map(async (store, writer) => {
          for (let round = 1; round <= rounds; round++) {
            // In opposite orders, so that row locks alone would deadlock.
            const keys = writer % 2 === 0 ? ["a", "b", "c"] : ["c", "b", "a"];
            await store.write(
              keys.map((key) => ({
                kind: "PutVariant",
                variant: { ...sampleDesired, key, generation: round, branch: `w-${writer}` },
              })),
            );
            const { variants } = await store.load();
            assert.equal(new Set(variants.map(({ branch }) => branch)).size, 1, "a torn write");
          }
        }),
      );
    });
  });
}
