import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@cocktail/work-queue";
import { ManualClock } from "@cocktail/work-queue/testing";
import fc from "fast-check";
import { type Passage, SimulatedLease } from "../testing/simulated-lease.ts";
import { Elector, type ElectorOptions } from "./elector.ts";
import type { Fence } from "./fence.ts";

const timing = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock whose timers wait while its process is paused; time goes on. */
class ProcessClock implements Clock {
  readonly #clock: Clock;
  #held: (() => void)[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  now(): number {
    return this.#clock.now();
  }
  after(milliseconds: number, callback: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#clock.after(milliseconds, () => {
      const call = (): void => {
        if (!isCancelled) callback();
      };
      if (this.#held === undefined) call();
      else this.#held.push(call);
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }
  pause(): void {
    this.#held ??= [];
  }
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const call of held) call();
  }
}

interface Member {
  readonly identity: string;
  readonly clock: ProcessClock;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** Of the current or the last term. */
  fence: Fence | undefined;
  terms: number;
  leads(): boolean;
}

const world = () => {
  const clock = new ManualClock(1_000_000);
  const lease = new SimulatedLease(clock);
  const join = (
    identity: string,
    network: () => Passage,
    more: Partial<ElectorOptions> = {},
  ): Member => {
    const stop = new AbortController();
    const process = new ProcessClock(clock);
    const elector = new Elector({
      api: lease.apiThrough(network),
      lease: { namespace: "n", name: "l" },
      identity,
      log: silent,
      timing,
      clock: process,
      random: () => 0.5,
      ...more,
    });
    const member: Member = {
      identity,
      clock: process,
      stop,
      fence: undefined,
      terms: 0,
      leads: () => (member.fence?.remainingMs ?? 0) > 0,
      ended: elector.run(stop.signal, async ({ fence, stopping }) => {
        member.fence = fence;
        member.terms++;
        const over = AbortSignal.any([fence.signal, stopping]);
        if (!over.aborted) await new Promise((resolve) => over.addEventListener("abort", resolve));
      }),
    };
    return member;
  };
  /** In steps, so that answers and timers take turns. */
  const pass = async (ms: number, look: () => void = () => {}): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      clock.pass(250);
      await turn();
      look();
    }
  };
  return { clock, lease, join, pass };
};

const good = (): Passage => ({ thereMs: 10, backMs: 10 });

async function end(members: readonly Member[], pass: (ms: number) => Promise<void>): Promise<void> {
  for (const { stop, clock } of members) {
    clock.resume();
    stop.abort();
  }
  await pass(timing.renewDeadlineMs);
  await Promise.all(members.map(({ ended }) => ended));
}

test("one of several leads, renews, and another takes over soon after a release", async () => {
  const { join, pass } = world();
  const [a, b] = [join("a", good), join("b", good)] as const;
  await pass(60_000);
  assert.deepEqual([a.terms, b.terms], [1, 0]);
  assert.ok(a.leads() && !b.leads());
  a.stop.abort();
  await pass(6_000);
  await a.ended;
  assert.ok(!a.leads() && b.leads());
  await end([b], pass);
});

test("the leader that can't renew stops writing before another takes over, and campaigns again", async () => {
  const { clock, join, pass } = world();
  let isCut = false;
  const a = join("a", () => ({ ...good(), lost: isCut ? "request" : undefined }));
  await pass(5_000);
  const b = join("b", good);
  await pass(10_000);
  isCut = true;
  let [lostAt, takenAt] = [0, 0];
  await pass(30_000, () => {
    if (lostAt === 0 && !a.leads()) lostAt = clock.now();
    if (takenAt === 0 && b.leads()) takenAt = clock.now();
  });
  assert.ok(
    lostAt > 0 && takenAt - lostAt >= timing.leaseMs - timing.renewDeadlineMs - 500,
    `${lostAt} ${takenAt}`,
  );
  isCut = false;
  b.stop.abort();
  await pass(20_000);
  assert.equal(a.terms, 2);
  await end([a, b], pass);
});

test("leadership counts from the sending of the request that won it, not from its answer", async () => {
  const { clock, join, pass } = world();
  const from = clock.now();
  let requests = 0;
  const a = join("a", () => ({
    thereMs: 10,
    backMs: 3_000,
    lost: ++requests > 2 ? "request" : undefined,
  }));
  await pass(9_000);
  assert.ok(a.leads());
  let lostAt = 0;
  await pass(9_000, () => {
    if (lostAt === 0 && !a.leads()) lostAt = clock.now();
  });
  // The read took 3,010 ms; the write was sent then, and answered at 6,020 ms.
  const sure = 3_010 + timing.renewDeadlineMs;
  assert.ok(lostAt - from >= sure && lostAt - from <= sure + 500, `lost after ${lostAt - from} ms`);
  await end([a], pass);
});

test("renewals whose answers are lost don't cost the leadership as long as one in the deadline arrives", async () => {
  const { join, pass } = world();
  let count = 0;
  const a = join("a", () => ({ ...good(), lost: ++count % 3 === 0 ? "answer" : undefined }));
  const b = join("b", good);
  await pass(120_000);
  assert.deepEqual([a.terms, b.terms], [1, 0]);
  await end([a, b], pass);
});

test("wall clocks that differ by hours and run backwards change nothing", async () => {
  const { clock, join, pass } = world();
  const a = join("a", good, { wallNow: () => 0 });
  await pass(1_000);
  const b = join("b", good, { wallNow: () => 10 * 3_600_000 - clock.now() });
  await pass(120_000);
  assert.deepEqual([a.terms, b.terms], [1, 0]);
  await end([a, b], pass);
});

test("a leader that is paused past the deadline leads no more when it wakes", async () => {
  const { join, pass } = world();
  const a = join("a", good);
  await pass(1_000);
  const b = join("b", good);
  await pass(5_000);
  a.clock.pause();
  await pass(40_000);
  assert.ok(b.leads());
  assert.equal(a.leads(), false);
  a.clock.resume();
  await pass(20_000, () => assert.ok(!a.leads()));
  await end([a, b], pass);
});

test("leadership that another took away ends at once; a deleted lease is made again", async () => {
  const { lease, join, pass } = world();
  const a = join("a", good);
  await pass(5_000);
  assert.ok(lease.lease);
  lease.lease = {
    metadata: { ...lease.lease.metadata, resourceVersion: "x" },
    spec: { ...(lease.lease["spec"] as object), holderIdentity: "intruder" },
  };
  await pass(6_000);
  assert.ok(!a.leads());
  lease.lease = undefined;
  await pass(6_000);
  assert.equal(a.terms, 2);
  await end([a], pass);
});

test("work that fails or ends early gives up the lease, and is begun again", async () => {
  const { clock, lease, pass } = world();
  let runs = 0;
  const errors: unknown[] = [];
  const stop = new AbortController();
  const changes: boolean[] = [];
  const elector = new Elector({
    api: lease.apiThrough(good),
    lease: { namespace: "n", name: "l" },
    identity: "a",
    log: { ...silent, error: (fields) => void errors.push(fields) },
    timing,
    clock,
    onChange: (isLeader) => void changes.push(isLeader),
  });
  const ended = elector.run(stop.signal, async ({ stopping }) => {
    if (++runs === 1) throw new Error("planted");
    if (runs === 2) return;
    await new Promise((resolve) => stopping.addEventListener("abort", resolve));
  });
  await pass(30_000);
  assert.equal(runs, 3);
  assert.equal(errors.length, 1);
  stop.abort();
  await pass(1_000);
  await ended;
  assert.deepEqual(changes, [true, false, true, false, true, false]);
  assert.ok(lease.lease);
  assert.equal((lease.lease["spec"] as { holderIdentity: string }).holderIdentity, "");
});

test("a timing that leaves no margin is refused", () => {
  for (const bad of [
    { leaseMs: 10_000, renewDeadlineMs: 10_000, retryMs: 1 },
    { leaseMs: 10_000, renewDeadlineMs: 5_000, retryMs: 5_000 },
    { leaseMs: 1_500, renewDeadlineMs: 500, retryMs: 100 },
  ])
    assert.throws(() => world().join("a", good, { timing: bad }), RangeError);
});

const passage = fc.record({
  thereMs: fc.oneof(fc.nat(200), fc.nat(20_000)),
  backMs: fc.oneof(fc.nat(200), fc.nat(6_000)),
  lost: fc.option(fc.constantFrom("request" as const, "answer" as const), { nil: undefined }),
});
const weather = fc.array(
  fc.record({
    ms: fc.integer({ min: 250, max: 20_000 }),
    bad: fc.subarray([0, 1, 2]),
    paused: fc.subarray([0, 1, 2]),
    stopped: fc.option(fc.nat(2), { freq: 8, nil: undefined }),
  }),
  { minLength: 3, maxLength: 15 },
);

test("in any weather of delays, losses, pauses and stops two never lead at once, and afterwards one does", async () => {
  await fc.assert(
    fc.asyncProperty(weather, fc.infiniteStream(passage), async (weather, passages) => {
      const { lease, join, pass } = world();
      const isBad = [false, false, false];
      const members = isBad.map((_, at) =>
        join(`m${at}`, () => (isBad[at] === true ? (passages.next().value as Passage) : good()), {
          wallNow: () => at * 3_600_000,
        }),
      );
      const look = (): void => {
        const leaders = members.filter((one) => one.leads()).map(({ identity }) => identity);
        assert.ok(leaders.length <= 1, `${leaders.join(" and ")} lead`);
      };
      for (const { ms, bad, paused, stopped } of weather) {
        for (const at of isBad.keys()) {
          isBad[at] = bad.includes(at);
          if (paused.includes(at)) members[at]?.clock.pause();
          else members[at]?.clock.resume();
        }
        if (stopped !== undefined && stopped > 0) members[stopped]?.stop.abort();
        await pass(ms, look);
      }
      isBad.fill(false);
      for (const { clock } of members) clock.resume();
      await pass(60_000, look);
      assert.equal(members.filter((one) => one.leads()).length, 1, JSON.stringify(lease.lease));
      await end(members, pass);
    }),
    { numRuns: 60 },
  );
});
