import { setTimeout as delay } from "node:timers/promises";
import { getObject, replaceObject, type Resource } from "@cocktail/kubernetes";
import { defaultMeshNames, renderMeshFilter, renderTableForm } from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import { type Cluster, deployment, meshNamespace, type TestPod } from "@cocktail/testbed";
import { fieldManager, realApi } from "../test/cluster/support/kube.ts";
import { toTestObjects } from "../test/cluster/support/mesh-objects.ts";
import { type MeshBench, quantile } from "./mesh-parts.ts";
import {
  branchLabels,
  keysOf,
  meshService,
  namespace,
  plainService,
  pod,
  servedTo,
  tableOf,
} from "./mesh-pods.ts";

/** The key that comes and goes. */
const key = "probe";
const sizes = [10, 1_000] as const;
const ways = ["server-side apply", "update"] as const;
type Way = (typeof ways)[number];
const envoyFilters: Resource = {
  apiVersion: "networking.istio.io/v1alpha3",
  kind: "EnvoyFilter",
  plural: "envoyfilters",
  isNamespaced: true,
};
const changesOfRound = 6;

/** How long it takes from the write of a table until a request is answered by it. */
export async function benchInForce({ cluster, rounds }: MeshBench): Promise<boolean> {
  await cluster.apply(
    meshNamespace(namespace),
    deployment({ namespace, service: "caller" }),
    pod("stable", { app: "stable" }),
    ...toTestObjects([renderMeshFilter(defaultMeshNames)]),
  );
  const services = sizes.map((size) => new Changing(cluster, size));
  const [caller] = await cluster.readyPods(namespace, "app=caller");
  if (caller === undefined) throw new Error("there is no caller");
  for (const one of services) await one.open(caller);
  for (let round = 0; round < rounds; round++) for (const one of services) await one.changeOften();
  print(services);
  for (const one of services) await one.close();
  return true;
}

/** A service whose table loses and gets back a key. */
class Changing {
  readonly size: number;
  readonly took = ways.map((way) => ({ way, writeMs: [] as number[], inForceMs: [] as number[] }));
  readonly #api = realApi();
  readonly #cluster: Cluster;
  readonly #name: string;
  #caller: TestPod | undefined;
  #isLive = true;
  #epoch = 1;

  constructor(cluster: Cluster, size: number) {
    this.#cluster = cluster;
    this.size = size;
    this.#name = `changing-${size}`;
  }

  async open(caller: TestPod): Promise<void> {
    this.#caller = caller;
    const name = this.#name;
    await this.#cluster.apply(plainService(name)[0], pod(name, branchLabels(name, key)));
    await this.#cluster.readyPods(namespace, `cocktail.dev/service=${name}`);
    await this.#cluster.apply(...toTestObjects([meshService(name).base, ...this.#objects()]));
    await until(`${name}:${key} to be served`, () => this.#isServed(key), { everyMs: 50 });
  }

  async close(): Promise<void> {
    await this.#api.close();
  }

  async changeOften(): Promise<void> {
    for (let at = 0; at < changesOfRound; at++)
      for (const way of ways) {
        // At any place of istiod's own rhythm.
        await delay(100 + Math.random() * 400);
        await this.#change(way);
      }
  }

  async #change(way: Way): Promise<void> {
    this.#isLive = !this.#isLive;
    this.#epoch += 1;
    // The clusters stay as they are, as they do around a change of the table.
    const filters = this.#objects().filter(({ kind }) => kind === envoyFilters.kind);
    const current = await Promise.all(
      filters.map(({ metadata }) => getObject(this.#api, envoyFilters, metadata)),
    );
    const started = performance.now();
    if (way === "update")
      for (const [at, object] of current.entries()) {
        if (object === undefined) throw new Error(`a filter of ${this.#name} is missing`);
        const changed = { ...object, spec: filters[at]?.spec };
        await replaceObject(this.#api, envoyFilters, changed, { fieldManager });
      }
    else await this.#cluster.apply(...toTestObjects(filters));
    const writeMs = performance.now() - started;
    const expected = this.#isLive ? key : "stable";
    await until(`${this.#name}:${expected}`, () => this.#isServed(expected), { everyMs: 0 });
    const took = this.took.find((one) => one.way === way);
    took?.writeMs.push(writeMs);
    took?.inForceMs.push(performance.now() - started);
  }

  #objects() {
    const others = keysOf(this.size - 1);
    const keys = this.#isLive ? [...others, key] : others;
    const service = meshService(this.#name);
    return renderTableForm(service, tableOf(this.#name, keys, this.#epoch), defaultMeshNames);
  }

  async #isServed(expected: string): Promise<boolean> {
    if (this.#caller === undefined) throw new Error(`${this.#name} is not open`);
    const served = await servedTo(this.#caller, this.#name, `${this.#name}:${key}`);
    return served === `${this.#name}:${expected}`;
  }
}

function print(services: readonly Changing[]): void {
  console.log("### A table, from its write to the first request that it answers\n");
  console.log(
    "One key comes or goes. From the begin of the write; istiod waits 100 ms for more (`PILOT_DEBOUNCE_AFTER`).\n",
  );
  console.log("| keys of the service, write | changes | write p50 ms | in force p50 ms | p99 ms |");
  console.log("|---|---|---|---|---|");
  const rows = services.flatMap(({ size, took }) => took.map((one) => ({ size, ...one })));
  for (const { size, way, writeMs, inForceMs } of rows) {
    const cells = [
      `${size.toLocaleString("en")}, ${way}`,
      String(inForceMs.length),
      quantile(writeMs, 0.5).toFixed(0),
      quantile(inForceMs, 0.5).toFixed(0),
      quantile(inForceMs, 0.99).toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  console.log("");
}
