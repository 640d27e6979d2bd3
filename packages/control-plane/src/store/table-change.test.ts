import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalTable, type TableContent, type TableVariant } from "@cocktail/route";
import fc from "fast-check";
import { sampleEntry } from "./testing/samples.ts";
import { diffTables, type TableChange } from "./table-change.ts";

const key = fc.constantFrom("stable", "rc", "mp-1", "constructor");
const service = fc.constantFrom("a", "b", "constructor", "x.y");
const variant = fc
  .tuple(fc.constantFrom("r1", "r2"), fc.option(fc.array(fc.constantFrom("e", "f"))))
  .map(([revision, endpoints]) => ({ revision, endpoints: endpoints ?? undefined }));
const content: fc.Arbitrary<TableContent> = fc
  .record({
    services: fc.dictionary(
      service,
      fc.dictionary(key, variant, { minKeys: 1, noNullPrototype: true }),
      {
        noNullPrototype: true,
      },
    ),
    members: fc.dictionary(
      fc.constantFrom("rc", "ops-1"),
      fc.dictionary(service, key, { noNullPrototype: true }),
      {
        noNullPrototype: true,
      },
    ),
  })
  .map(({ services, members }) => ({
    services: Object.fromEntries(
      Object.entries(services).map(([name, variants]) => [
        name,
        Object.fromEntries(
          Object.entries(variants).map(([each, { revision, endpoints }]) => [
            each,
            { ...sampleEntry(each, revision), endpoints },
          ]),
        ),
      ]),
    ),
    environments: Object.fromEntries(
      Object.entries(members).map(([name, own]) => [name, { parent: "stable", members: own }]),
    ),
  }));

/** Ends what ends and begins what begins, as the rows of the store. */
function applied(table: TableContent, change: TableChange): TableContent {
  const services = new Map(
    Object.entries(table.services).map(([name, variants]) => [
      name,
      new Map(Object.entries(variants)),
    ]),
  );
  for (const { service: name, key: each } of change.endedVariants) services.get(name)?.delete(each);
  for (const { service: name, key: each, document } of change.begunVariants) {
    const variants = services.get(name) ?? new Map<string, TableVariant>();
    assert.ok(!variants.has(each), "two rows for one variant at a time");
    services.set(name, variants.set(each, document));
  }
  const environments = new Map(Object.entries(table.environments));
  for (const { name } of change.endedEnvironments) environments.delete(name);
  for (const { name, document } of change.begunEnvironments) environments.set(name, document);
  return {
    services: Object.fromEntries(
      [...services]
        .filter(([, variants]) => variants.size > 0)
        .map(([name, variants]) => [name, Object.fromEntries(variants)]),
    ),
    environments: Object.fromEntries(environments),
  };
}

test("a change transforms one table into the other, and touches only what differs", () => {
  fc.assert(
    fc.property(content, content, (previous, next) => {
      const change = diffTables(previous, next);
      assert.equal(canonicalTable(applied(previous, change)), canonicalTable(next));
      const ended = change.endedVariants.map((each) => `${each.service}:${each.key}`);
      assert.equal(new Set(ended).size, ended.length);
    }),
    { numRuns: 500 },
  );
});

test("equal tables have no difference, whatever the order of their members", () => {
  fc.assert(
    fc.property(content, (table) => {
      const reversed = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
        Object.fromEntries(Object.entries(record).toReversed());
      const other: TableContent = {
        services: reversed(table.services),
        environments: reversed(table.environments),
      };
      assert.deepEqual(diffTables(table, other), {
        endedVariants: [],
        begunVariants: [],
        endedEnvironments: [],
        begunEnvironments: [],
      });
    }),
  );
});
