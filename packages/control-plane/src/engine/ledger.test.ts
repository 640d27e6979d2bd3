import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import * as fc from "fast-check";
import { MemoryStore } from "../store/memory/memory-store.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { raiseLedger } from "./ends.ts";
import { RuntimeFacts } from "./runtime-facts.ts";

/** Reads come back late, each by another number of turns: what is read may have been overtaken. */
function slowReads(objects: ObjectStore, delays: readonly number[]): ObjectStore {
  let reads = 0;
  return new Proxy(objects, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        const result: unknown = await Reflect.apply(value, target, args);
        const late = name === "get" ? (delays[reads++ % delays.length] ?? 0) : 0;
        for (let count = 0; count < late; count++) await turn();
        return result;
      };
    },
  });
}

test("several variants that are released at a time never lower the ledger", async () => {
  const numbers = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 6 });
  const delays = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(numbers, delays, async (wanted, late) => {
      const store = new MemoryStore();
      const objects = slowReads(store.objects, late);
      const raised = wanted.map(async (number) => {
        const facts = new RuntimeFacts();
        await raiseLedger({ objects, facts }, number);
        const stored = await store.objects.get("Ledger", "incarnations");
        assert.ok((stored?.status?.highest ?? 0) >= number, "released below its own number");
      });
      await Promise.all(raised);
      const stored = await store.objects.get("Ledger", "incarnations");
      assert.equal(stored?.status?.highest, Math.max(...wanted));
      await store.close();
    }),
    { numRuns: 300 },
  );
});
