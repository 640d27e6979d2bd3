import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteObject, getObject, type HttpApi } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import {
  type Cluster,
  connect,
  deployment,
  meshNamespace,
  service,
  type TestObject,
} from "@cocktail/testbed";
import { ChurnTraffic, takenHeader } from "../support/churn-traffic.ts";
import { realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import {
  applyDefinitions,
  conditionsOf,
  mergeKind,
  startOperator,
  virtualServices,
} from "../support/merges.ts";
import { hostOf } from "../support/mesh-objects.ts";

/** A few; COCKTAIL_TEST_CHURN=500 is for a run by hand. */
const cycles = Number(process.env["COCKTAIL_TEST_CHURN"] ?? 30);
const namespace = "merge-churn";
const perSecond = 100;
/** Merges that are there at once. Two in a row are for one target. */
const parallel = 6;
/** The services share a stable pod and their merges these branches: 40 pods with sidecars would take 4 GB. */
const branches = ["branch-0", "branch-1", "branch-2"];
const services = Array.from({ length: 20 }, (_, at) => `service-${at}`);

const takes = (route: string): object => ({ request: { set: { [takenHeader]: route } } });
const to = (name: string): readonly object[] => [
  { destination: { host: hostOf(name, namespace) } },
];

const target = (name: string): TestObject => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { namespace, name },
  spec: {
    hosts: [hostOf(name, namespace)],
    http: [{ name: "stable", route: to(name), headers: takes(`${name}:stable`) }],
  },
});

interface Merge {
  readonly name: string;
  readonly service: string;
  readonly key: string;
  readonly branch: string;
}

/** With the pattern that is passed around: as it is written it also takes the requests of longer keys. */
const mergeObject = ({ name, service: host, key, branch }: Merge): TestObject => ({
  apiVersion: mergeKind.deck.apiVersion,
  kind: "VirtualServiceMerge",
  metadata: { namespace, name },
  spec: {
    target: { name: host },
    patch: {
      http: [
        {
          match: [
            {
              headers: {
                "x-service-route": { regex: `^(${host}:${key}.*|.*::${host}:${key}.*)$` },
              },
            },
          ],
          route: to(branch),
          headers: takes(`${host}:${key}`),
        },
      ],
    },
  },
});

describe("merges come and go while requests pass real Envoys", () => {
  let api: HttpApi;
  let cluster: Cluster;
  let operator: LinesProcess;
  let traffic: ChurnTraffic;
  const base = new Map<string, string>();
  const took = { programmed: [] as number[], inForce: [] as number[], outOfForce: [] as number[] };

  before(async () => {
    api = realApi();
    cluster = connect();
    await cluster.apply(meshNamespace(namespace));
    await applyDefinitions(cluster);
    for (const name of ["caller", "stable", ...branches])
      await cluster.apply(deployment({ namespace, service: name }));
    for (const name of branches) await cluster.apply(service({ namespace, service: name }));
    for (const name of services) await cluster.apply(serviceOf(name, "stable"), target(name));
    for (const name of services) base.set(name, await contentOf(name));
    const [caller] = await cluster.readyPods(namespace, "app=caller");
    assert.ok(caller);
    for (const name of ["stable", ...branches]) await cluster.readyPods(namespace, `app=${name}`);
    operator = startOperator([namespace]);
    await operator.says(/"msg":"leads"/);
    traffic = new ChurnTraffic({ cluster, caller, namespace, services, perSecond });
    await until("all services at the caller", async () => {
      const orders = services.map((name) => ({ host: hostOf(name, namespace), port: 8080 }));
      return (await cluster.send(caller, orders)).every(({ status }) => status === 200);
    });
  });
  after(async () => {
    operator.signal("SIGTERM");
    await operator.exited;
    await cluster.remove(meshNamespace(namespace));
    await api.close();
  });

  function serviceOf(name: string, app: string): TestObject {
    const one = service({ namespace, service: name });
    return { ...one, spec: { ...(one["spec"] as object), selector: { app } } };
  }

  /** What a chart can see of a target, as the API writes it. */
  async function contentOf(name: string): Promise<string> {
    const object = await getObject(api, virtualServices, { namespace, name });
    const { labels, annotations } = object?.metadata ?? {};
    return JSON.stringify({ labels, annotations, spec: object?.["spec"] });
  }

  async function cycle(at: number): Promise<void> {
    const name = `merge-${at}`;
    const host = services[Math.floor(at / 2) % services.length] ?? "";
    // The longer key of a pair begins with the other one.
    const key = at % 2 === 0 ? `b${at}` : `b${at - 1}-x`;
    const probe = traffic.begin({ service: host, key, branch: branches[at % 3] ?? "" });
    const enough = (count: number, phase: keyof typeof probe.answers): Promise<unknown> =>
      until(`${count} answers for ${name}, ${phase}`, () => probe.answers[phase] >= count);
    await enough(1, "absent");

    probe.phase = "arriving";
    const created = performance.now();
    await cluster.apply(mergeObject({ ...probe, name }));
    await until(
      `${name} to be programmed`,
      async () => {
        const object = await getObject(api, mergeKind.deck, { namespace, name });
        return conditionsOf(object)["Programmed"] === "True Programmed";
      },
      { everyMs: 20 },
    );
    const programmed = performance.now();
    const inForce = await until(`${name} to be in force`, () => probe.since.inForce);
    took.programmed.push(programmed - created);
    took.inForce.push(Math.max(0, inForce - programmed));
    await enough(10, "inForce");

    probe.phase = "leaving";
    const deleted = performance.now();
    await deleteObject(api, mergeKind.deck, { namespace, name });
    const gone = await until(`${name} to be out of force`, () => probe.since.gone);
    took.outOfForce.push(gone - deleted);
    await enough(3, "gone");
    await until(`${name} to be gone`, async () => {
      return (await getObject(api, mergeKind.deck, { namespace, name })) === undefined;
    });
    traffic.end(probe);
  }

  test("while merges come and go no request fails or is misrouted, and nothing is left", async (t) => {
    const stop = new AbortController();
    const started = performance.now();
    const running = traffic.run(stop.signal);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < cycles && traffic.problems.length === 0) await cycle(next++);
    };
    try {
      await Promise.all(Array.from({ length: parallel }, worker));
    } finally {
      stop.abort();
      await running;
    }
    const seconds = (performance.now() - started) / 1000;
    const { stable, routed } = traffic.counts;
    t.diagnostic(
      `${cycles} cycles in ${seconds.toFixed(0)} s, ${stable} stable and ${routed} routed requests`,
    );
    t.diagnostic(`created to Programmed: ${shown(took.programmed)}`);
    t.diagnostic(`Programmed to in force at the caller: ${shown(took.inForce)}`);
    t.diagnostic(`deleted to out of force at the caller: ${shown(took.outOfForce)}`);
    assert.deepEqual(traffic.problems.slice(0, 10), []);
    assert.ok(stable / seconds > perSecond * 0.9 && routed / seconds > perSecond * 0.9);
    for (const name of services) assert.equal(await contentOf(name), base.get(name));
  });
});

function shown(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}`;
}
