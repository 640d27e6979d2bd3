import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonicalTable, type RouteTable, type TableContent } from "@cocktail/route";
import { sampleContent, withVariant } from "@cocktail/control-plane/testing";
import fc from "fast-check";
import { isGarbage } from "./segments.ts";
import { appendTable } from "./tables-append.ts";
import { segmentsFor, tableAt } from "./tables-at.ts";
import { cutAll, cutHistory, type CutLimits } from "./tables-cut.ts";
import { formatHead, parseHead, parseSegment, segmentOf } from "./tables-document.ts";
import { endOf, genesisHead, type HistoryPart, type TableHead } from "./tables-head.ts";
import { currentAt, lastUpTo, raiseFloor } from "./tables-prune.ts";

/** The store without its objects: what is written is read back as text. */
class Model {
  readonly segments = new Map<string, HistoryPart>();
  head: TableHead = genesisHead("00000000", 0);
  /** Every table, and when it became current. */
  readonly made: { readonly table: RouteTable; readonly at: number }[];

  constructor() {
    this.made = [{ table: this.head.table, at: 0 }];
  }

  append(content: TableContent, now: number, limits: CutLimits): void {
    if (canonicalTable(content) === canonicalTable(this.head.table)) return;
    const next = appendTable(this.head, content, now);
    const { older, recent } = cutHistory(next.recent, limits);
    const made = older.map((part) => segmentOf(next.history, part));
    for (const { ref, text } of made) this.segments.set(ref.name, parseSegment(text, ref));
    const refs = [...next.segments, ...made.map(({ ref }) => ref)];
    this.write({ ...next, recent, segments: refs });
    this.made.push({ table: next.table, at: recent.epochs.at(-1)?.at ?? assert.fail() });
  }

  prune(time: number): number {
    const current = currentAt(this.head, time);
    const floor =
      typeof current === "object" ? lastUpTo(this.segment(current.name), time) : current;
    this.write(raiseFloor(this.head, floor ?? 0));
    for (const name of this.segments.keys()) {
      const isUnneeded = this.head.segments.every((ref) => ref.name !== name);
      assert.equal(isGarbage(name, this.head), isUnneeded);
      if (isUnneeded) this.segments.delete(name);
    }
    return this.head.table.historyFloor;
  }

  at(epoch: number): RouteTable {
    const segments = segmentsFor(this.head, epoch).map(({ name }) => this.segment(name));
    return tableAt(this.head, segments, epoch);
  }

  write(head: TableHead): void {
    this.head = parseHead(formatHead(head), "the model");
    assert.deepEqual(this.head.table, head.table);
  }

  segment(name: string): HistoryPart {
    return this.segments.get(name) ?? assert.fail(`${name} is needed, and is not there`);
  }
}

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

const service = fc.constantFrom("a", "constructor", "x.y-z.0");
const change = fc.record({
  kind: fc.constant("change" as const),
  service,
  key: fc.constantFrom("stable", "rc", "mp-1", "constructor"),
  revision: fc.constantFrom(undefined, "r1", "r2", "r3"),
  environment: fc.option(fc.record({ name: fc.constantFrom("e1", "tostring"), member: service })),
  /** A clock may also go back. */
  passed: fc.integer({ min: -5, max: 20 }),
});
const step = fc.oneof(
  { weight: 12, arbitrary: change },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("prune" as const), ago: fc.nat(200) }) },
);
const limits = fc.record({
  recentEpochs: fc.integer({ min: 1, max: 12 }),
  recentBytes: fc.integer({ min: 1, max: 4_000 }),
  segmentBytes: fc.integer({ min: 1, max: 2_000 }),
});

test("every epoch from the floor on is told as it was, however the history is cut and pruned", () => {
  const run = (steps: readonly Of<typeof step>[], limits: CutLimits): void => {
    const model = new Model();
    let now = 0;
    let floor = 0;
    for (const one of steps) {
      if (one.kind === "change") {
        now += one.passed;
        model.append(contentAfter(model.head.table, one), now, limits);
      } else {
        const time = now - one.ago;
        const current = model.made.findLast(({ at }) => at <= time)?.table.epoch ?? 0;
        floor = Math.max(floor, current);
        assert.equal(model.prune(time), floor);
      }
    }
    for (const { table } of model.made.slice(floor))
      assert.deepEqual(model.at(table.epoch), { ...table, historyFloor: floor });
    assert.ok(model.head.recent.epochs.length <= limits.recentEpochs);
  };
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), limits, run), {
    numRuns: 300,
  });
});

function contentAfter(
  table: RouteTable,
  { service, key, revision, environment }: Of<typeof change>,
): TableContent {
  const { services, environments } = withVariant(table, service, key, revision);
  if (environment === null) return { services, environments };
  const members = { [environment.member]: "mp-1" };
  return {
    services,
    environments: { ...environments, [environment.name]: { parent: "rc", members } },
  };
}

describe("a cut of the history", () => {
  const whole = (): TableHead => {
    const model = new Model();
    const far = { recentEpochs: 1_000, recentBytes: 1e9, segmentBytes: 1e9 };
    for (let epoch = 1; epoch < 40; epoch++)
      model.append(sampleContent({ a: { stable: `r${epoch}` } }), epoch, far);
    return model.head;
  };
  const far = { recentEpochs: 1_000, recentBytes: 1e9, segmentBytes: 1e9 };

  test("takes the older half off, by count and by bytes", () => {
    const { recent } = whole();
    assert.deepEqual(cutHistory(recent, far), { older: [], recent });
    const byCount = cutHistory(recent, { ...far, recentEpochs: 39 });
    assert.deepEqual([byCount.older.length, byCount.recent.epochs.length], [1, 19]);
    const bytes = JSON.stringify(recent).length;
    const byBytes = cutHistory(recent, { ...far, recentBytes: bytes / 2 });
    assert.ok(Math.abs(JSON.stringify(byBytes.recent).length - bytes / 4) < 400);
  });

  test("makes segments of a size, which follow each other; all of it leaves the last epoch", () => {
    const { recent } = whole();
    const { older, recent: rest } = cutAll(recent, { ...far, segmentBytes: 1_000 });
    assert.ok(older.length > 3);
    assert.ok(older.every((part) => JSON.stringify(part).length < 1_200));
    assert.deepEqual(
      older.slice(1).map(({ from }) => from),
      older.slice(0, -1).map(endOf),
    );
    assert.deepEqual([rest.from, rest.epochs.length, rest.variants.length], [39, 1, 0]);
  });
});

describe("a stored head", () => {
  const text = formatHead(genesisHead("0000000a", 5));
  const changed = (change: object): string => JSON.stringify({ ...JSON.parse(text), ...change });
  const part = { from: 0, epochs: [{ tag: "0000000a", at: 5 }], variants: [], environments: [] };
  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    "no JSON": ["{", /no JSON/],
    "not an object": ["[]", /not in the format/],
    "a newer format": [changed({ format: 2 }), /format expected 1|format Invalid/],
    "a floor above the head": [changed({ historyFloor: 1 }), /historyFloor is above/],
    "a gap down to the floor": [changed({ recent: { ...part, from: 1 } }), /has a gap/],
    "a gap between segments": [
      changed({
        segments: [{ name: "x", from: 0, to: 3, at: 0 }],
        recent: { ...part, from: 4 },
      }),
      /has a gap/,
    ],
    "a segment without an epoch": [
      changed({ segments: [{ name: "x", from: 0, to: 0, at: 0 }] }),
      /has a gap/,
    ],
    "an entry that ends elsewhere": [
      changed({ recent: { ...part, environments: [{ name: "x", from: 0, to: 9, document: {} }] } }),
      /ends elsewhere/,
    ],
    "no epoch": [changed({ recent: { ...part, epochs: [] } }), /recent.epochs/],
    "a table that readers would reject": [
      changed({ environments: [{ name: "x", from: 0, document: { parent: "y", members: {} } }] }),
      /environments.x.parent/,
    ],
    "a name of a prototype": [text.replace('"name":"rc"', '"name":"__proto__"'), /__proto__/],
  };
  for (const [what, [text, message]] of Object.entries(refused))
    test(`with ${what} is STORE_CORRUPT`, () => {
      assert.throws(() => parseHead(text, "it"), { code: "STORE_CORRUPT", message });
    });
  test("is otherwise read as it was written", () => {
    assert.deepEqual(parseHead(text, "it"), genesisHead("0000000a", 5));
  });
});

test("a segment is swept only if no writer can be about to refer to it", () => {
  const head = { ...genesisHead("0000000a", 0), segments: [] };
  const at = (from: number): TableHead => ({ ...head, recent: { ...head.recent, from } });
  const { ref } = segmentOf(head.history, head.recent);
  assert.equal(isGarbage(ref.name, at(0)), false);
  assert.equal(isGarbage(ref.name, at(1)), true);
  assert.equal(isGarbage(ref.name, { ...at(1), segments: [ref] }), false);
  assert.equal(isGarbage(ref.name, { ...at(0), history: "0000000b" }), true);
  assert.equal(isGarbage("cocktail-table", at(1)), false);
  assert.equal(isGarbage("somebody-elses", at(1)), false);
});
