import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { clusters, expectedCluster } from "../../test/expected.ts";
import { loadLua } from "../../test/lua.ts";
import { type HeaderLines, requests, services, tables } from "../../test/requests.ts";
import { decisionsFor } from "../decisions.ts";
import { engine } from "./engine.ts";
import { renderLua } from "./render.ts";

const answersOf = (service: string, plant = (text: string): string => text) =>
  fc.property(tables, fc.array(requests, { minLength: 20, maxLength: 20 }), (table, all) => {
    const answer = loadLua(plant(renderLua(decisionsFor(table, service), table, clusters)));
    for (const request of all)
      assert.equal(answer(request), expectedCluster(table, service, request, clusters));
  });

test("the Lua text answers as resolve does, for every service and hostile headers", () => {
  for (const service of services) fc.assert(answersOf(service), { numRuns: 40 });
});

/** A fault a line: what it breaks, the engine's text, and what replaces it. */
const faults = [
  ["the rightmost pin wins", "if not key and sub(", "if sub("],
  [
    "the limit of bytes is one too high",
    "#text > 4096 then return nil end\n  -- Only",
    "#text > 4097 then return nil end\n  -- Only",
  ],
  [
    "65 entries are read",
    "    if entries == 64 then return nil end\n    from = after",
    "    if entries == 65 then return nil end\n    from = after",
  ],
  [
    "upper case differs",
    'local text = lower(trim(field))\n  if text == "" or #text > 4096 then return nil end\n  -- Only',
    'local text = trim(field)\n  if text == "" or #text > 4096 then return nil end\n  -- Only',
  ],
  ["the canonical form has no limit", "if canonical > 4096 then return nil end", ""],
  [
    "a pin that is not live hides the environment",
    "if key and V[key] then return cluster_of(key) end",
    "if key then return cluster_of(key) or V.stable or NONE end",
  ],
  [
    "keys are compared by prefix",
    "local candidate = sub(text, from + #PREFIX, to)",
    "local candidate = sub(text, from + #PREFIX, from + #PREFIX + 5)",
  ],
  ["a missed member is no miss", "if key or (layer and M[layer]) then", "if key then"],
  [
    "baggage is read although the header is there",
    'if line then return line, mirror end\n  mirror = mirror or baggage_fields(headers:get("baggage"))\n  return mirror[index], mirror',
    'mirror = mirror or baggage_fields(headers:get("baggage"))\n  return mirror[index] or line, mirror',
  ],
] as const;

for (const [fault, from, to] of faults)
  test(`a fault in the engine is noticed: ${fault}`, () => {
    assert.ok(engine.includes(from), "the engine no longer has the text that the fault replaces");
    const noticed = services.some((service) => {
      const plant = (text: string): string => text.replace(from, () => to);
      return fc.check(answersOf(service, plant), { numRuns: 100 }).failed;
    });
    assert.ok(noticed);
  });

test("every text is valid Lua, names its table, and equal decisions give equal texts", () => {
  fc.assert(
    fc.property(tables, fc.constantFrom(...services), (table, service) => {
      const text = renderLua(decisionsFor(table, service), table, clusters);
      loadLua(text);
      assert.ok(text.startsWith(`-- table ${table.epoch}-${table.tag}\n`));
      const reordered = {
        ...table,
        environments: Object.fromEntries(Object.entries(table.environments).toReversed()),
      };
      assert.equal(renderLua(decisionsFor(reordered, service), table, clusters), text);
    }),
  );
});

test("a name that could end the string is refused, not escaped", () => {
  const decisions = decisionsFor(
    { epoch: 1, tag: "00000000", resolver: 1, historyFloor: 0, services: {}, environments: {} },
    "a",
  );
  const id = { epoch: 1, tag: "00000000" };
  for (const key of ['"', "a\nb", "", "A", "a b", "a\0"]) {
    assert.throws(() => renderLua({ ...decisions, live: [key] }, id, clusters), /not a valid key/);
    assert.throws(
      () => renderLua({ ...decisions, service: key }, id, clusters),
      /not a valid service/,
    );
    assert.throws(() => renderLua({ ...decisions, missing: [key] }, id, clusters), RangeError);
    assert.throws(
      () => renderLua({ ...decisions, environments: [["a", key]] }, id, clusters),
      RangeError,
    );
  }
  // A cluster's name comes from the caller and may hold anything of Latin-1.
  const odd = { ...clusters, of: (key: string) => `"\\\n]]${key}\u00e9` };
  const answer = loadLua(renderLua({ ...decisions, live: ["stable"] }, id, odd));
  assert.equal(answer([] satisfies HeaderLines), odd.of("stable"));
});
