import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  Elector,
  fencedApi,
  HttpApi,
  type KubeObject,
  listObjects,
  monotonicClock,
} from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Fault, faultProxy, type FaultProxy } from "../support/fault-proxy.ts";
import { configMaps, realApi, TestLog, unusedName, withNamespace } from "../support/kube.ts";

const namespace = unusedName("leader-faults");
const timing = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 300 };

interface Term {
  readonly identity: string;
  readonly from: number;
  to: number | undefined;
}

/** A process that competes for a lease, with a network of its own; while it leads it writes as fast as it may. */
class Replica {
  readonly stop = new AbortController();
  readonly log = new TestLog();
  readonly terms: Term[] = [];
  readonly proxy: FaultProxy;
  readonly identity: string;
  readonly #api: HttpApi;
  readonly #ended: Promise<void>;

  constructor(proxy: FaultProxy, identity: string, lease: string, wallNow: () => number) {
    this.proxy = proxy;
    this.identity = identity;
    this.#api = new HttpApi({ config: proxy.config, userAgent: identity, limits: { tries: 1 } });
    const elector = new Elector({
      api: this.#api,
      lease: { namespace, name: lease },
      identity,
      log: this.log,
      timing,
      wallNow,
    });
    this.#ended = elector.run(this.stop.signal, async ({ fence, stopping }) => {
      const term: Term = { identity, from: monotonicClock.now(), to: undefined };
      this.terms.push(term);
      const api = fencedApi(this.#api, fence);
      fence.signal.addEventListener("abort", () => (term.to = monotonicClock.now()));
      for (let count = 0; !fence.signal.aborted && !stopping.aborted; count++) {
        const labels = { lease };
        const data = { identity, term: `${this.terms.length}`, count: `${count}` };
        const metadata = { generateName: "write-", labels };
        const path = `/api/v1/namespaces/${namespace}/configmaps`;
        await api
          .request({ method: "POST", path, body: { metadata, data } })
          .catch(() => delay(20));
        await delay(10);
      }
    });
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.#ended;
    await this.#api.close();
    await this.proxy[Symbol.asyncDispose]();
  }
}

/** By the API server's own order, in runs of one leader. */
function writersInOrder(items: readonly KubeObject[]): readonly string[] {
  const version = ({ metadata }: KubeObject) => Number(metadata.resourceVersion);
  const writers = items
    .toSorted((a, b) => version(a) - version(b))
    .map(({ data }) => {
      const { identity, term } = data as { identity: string; term: string };
      return `${identity} ${term}`;
    });
  return writers.filter((one, at) => one !== writers[at - 1]);
}

function assertOneAtATime(replicas: readonly Replica[]): void {
  const terms = replicas.flatMap(({ terms }) => terms).toSorted((a, b) => a.from - b.from);
  for (const [at, { identity, to }] of terms.entries()) {
    const next = terms[at + 1];
    if (next === undefined) continue;
    assert.ok(
      to !== undefined && to <= next.from,
      `${next.identity} led from ${next.from}, ${identity} until ${to}`,
    );
  }
}

describe("leader election on a real API server, through faults", () => {
  const api = realApi();
  let owned: AsyncDisposable;
  before(async () => {
    owned = await withNamespace(api, namespace);
  });
  after(async () => {
    await owned[Symbol.asyncDispose]();
    await api.close();
  });

  const pair = async (lease: string): Promise<readonly [Replica, Replica]> => [
    new Replica(await faultProxy(), "early", lease, () => Date.now() - 3 * 3_600_000),
    new Replica(await faultProxy(), "late", lease, () => Date.now() + 3 * 3_600_000),
  ];
  const writes = async (lease: string) =>
    (await listObjects(api, configMaps, { namespace, labelSelector: `lease=${lease}` })).items;
  const leaderOf = (replicas: readonly Replica[]) =>
    until("a leader", () =>
      replicas.find(({ terms }) => terms.at(-1)?.to === undefined && terms.length > 0),
    );

  test("with wall clocks six hours apart one leads for many leases long, and hands over on its exit at once", async () => {
    const replicas = await pair("skew");
    const leader = await leaderOf(replicas);
    const other = replicas.find((one) => one !== leader);
    assert.ok(other);
    await delay(3 * timing.leaseMs);
    assert.deepEqual([leader.terms.length, other.terms.length], [1, 0]);
    await leader.end();
    const from = monotonicClock.now();
    await until("the other to lead", () => other.terms.length === 1);
    // It saw the release, and didn't wait for the lease to expire.
    assert.ok(monotonicClock.now() - from < timing.leaseMs);
    await other.end();
    assertOneAtATime(replicas);
  });

  test("a leader that is cut off stops by itself, and the other takes over; writes of two never interleave", async () => {
    const replicas = await pair("cut");
    for (let round = 0; round < 3; round++) {
      const leader = await leaderOf(replicas);
      const count = (await writes("cut")).length;
      await until("writes of the leader", async () => (await writes("cut")).length > count);
      leader.proxy.faultOf = () => (round === 1 ? { kind: "silent" } : { kind: "drop" });
      leader.proxy.cut();
      await until("the other to lead", () =>
        replicas.some(
          (one) => one !== leader && one.terms.length > 0 && one.terms.at(-1)?.to === undefined,
        ),
      );
      leader.proxy.faultOf = () => undefined;
    }
    for (const one of replicas) await one.end();
    assertOneAtATime(replicas);
    const order = writersInOrder(await writes("cut"));
    assert.equal(new Set(order).size, order.length, `writes interleave: ${order.join(", ")}`);
    assert.ok(order.length >= 3, order.join(", "));
  });

  test("in bad weather of every kind two never lead, and writes of two never interleave", async () => {
    const replicas = await pair("weather");
    const kinds: readonly Fault[] = [
      { kind: "drop" },
      { kind: "loseAnswer" },
      { kind: "delay", ms: 300 },
      { kind: "delay", ms: 2_500 },
      { kind: "answer", status: 500 },
      { kind: "answer", status: 409, reason: "Conflict" },
      { kind: "answer", status: 429, retryAfterSeconds: 1 },
      { kind: "truncate", bytes: 40 },
      { kind: "silent" },
    ];
    const until = performance.now() + 30_000;
    for (const [at, { proxy }] of replicas.entries())
      proxy.faultOf = () => {
        // Each has bad times, in turns, longer than a lease.
        const isBad = Math.floor(performance.now() / 6_000) % 2 === at;
        return Math.random() < (isBad ? 0.95 : 0.1)
          ? kinds[Math.floor(Math.random() * kinds.length)]
          : undefined;
      };
    while (performance.now() < until) {
      await delay(1_500);
      if (Math.random() < 0.3) replicas[Math.floor(Math.random() * 2)]?.proxy.cut();
    }
    for (const { proxy } of replicas) proxy.faultOf = () => undefined;
    const last = await leaderOf(replicas);
    for (const one of replicas) await one.end();
    assertOneAtATime(replicas);
    const items = await writes("weather");
    const order = writersInOrder(items);
    const terms = replicas.map(({ identity, terms }) => `${identity} ${terms.length}`).join(", ");
    console.log(
      `${items.length} writes, terms: ${terms}, last ${last.identity}: ${order.join(", ")}`,
    );
    assert.equal(new Set(order).size, order.length, `writes interleave: ${order.join(", ")}`);
    assert.ok(items.length > 20);
  });
});
