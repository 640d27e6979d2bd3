import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Api,
  deleteObject,
  getObject,
  type KubeObject,
  listObjects,
} from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Cluster, meshNamespace, type TestObject } from "@cocktail/testbed";
import { realApi } from "../test/cluster/support/kube.ts";
import { LinesProcess } from "../test/cluster/support/lines-process.ts";
import {
  applyDefinitions,
  branchMerge,
  conditionsOf,
  mergeKind,
  routeNames,
  startOperator,
  virtualServices,
} from "../test/cluster/support/merges.ts";
import { median, type MeshBench, printGoals } from "./mesh-parts.ts";

const ours = "cocktail";
const theirs = "the old operator";

/** The port of the old operator takes minutes for 1,000. */
const runs = [
  { operator: ours, size: 10, most: 5 },
  { operator: theirs, size: 10, most: 3 },
  { operator: ours, size: 100, most: 5 },
  { operator: theirs, size: 100, most: 3 },
  { operator: ours, size: 1_000, most: 3 },
] as const;
type Run = (typeof runs)[number];

/** Of one phase: until the target was as it must be, and until the merges knew it. */
interface Took {
  /** How long the requests that create or delete took themselves. */
  readonly actSeconds: number;
  readonly seconds: number;
  readonly statusSeconds: number;
  readonly writes: number;
  readonly conflicts: number;
}

interface Sample {
  readonly created: Took;
  readonly deleted: Took;
  readonly memory: number;
}

/** How long, and how many writes, an operator takes for so many merges of one target. */
export async function benchMerges({ cluster, rounds }: MeshBench): Promise<boolean> {
  await applyDefinitions(cluster);
  const samples = new Map<Run, Sample[]>(runs.map((run) => [run, []]));
  for (let round = 0; round < rounds; round++)
    for (const run of runs) {
      if (round >= run.most) continue;
      const namespace = `bench-merges-${runs.indexOf(run)}-${round}`;
      samples.get(run)?.push(await new Merges(cluster, namespace, run.size).measure(run.operator));
    }
  print(samples);
  const hundred = samples.get(runs[2]) ?? [];
  return printGoals([
    {
      what: "100 merges created, in the target",
      value: median(hundred.map(({ created }) => created.seconds)),
      most: 1.4,
      unit: " s",
    },
    {
      what: "writes of the target for them",
      value: median(hundred.map(({ created }) => created.writes)),
      most: 5,
    },
  ]);
}

const targetName = "target";
const parallel = 16;

/** The merges of one target in a namespace of their own. */
class Merges {
  readonly #api = realApi();
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #merges: readonly TestObject[];

  constructor(cluster: Cluster, namespace: string, size: number) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#merges = Array.from({ length: size }, (_, at) =>
      branchMerge(namespace, `merge-${at}`, {
        target: { name: targetName },
        key: `mp-${at}`,
        host: "branch",
      }),
    );
  }

  async measure(operator: Run["operator"]): Promise<Sample> {
    const namespace = this.#namespace;
    const cluster = this.#cluster;
    await cluster.apply(
      meshNamespace(namespace),
      ...["stable", "branch"].map((name) => externalService(namespace, name)),
      target(namespace),
    );
    const script = join(import.meta.dirname, "mesh-old-operator.ts");
    using process =
      operator === ours
        ? startOperator([namespace])
        : new LinesProcess(theirs, script, [namespace]);
    await process.says(/"msg":"leads"/);
    const created = await this.#phase((one) => cluster.apply(one), {
      routes: this.#merges.length + 1,
      areReported: async () => {
        const list = await this.#list();
        return list.every((one) => conditionsOf(one)["Programmed"] === "True Programmed");
      },
      hasStatus: operator === ours,
    });
    const peak = peakMemory(process.pid);
    const deleted = await this.#phase(
      async ({ metadata: { name } }) => {
        await deleteObject(this.#api, mergeKind.deck, { namespace, name });
      },
      { routes: 1, areReported: async () => (await this.#list()).length === 0, hasStatus: true },
    );
    process.signal("SIGTERM");
    await process.exited;
    await cluster.remove(meshNamespace(namespace));
    await this.#api.close();
    return { created, deleted, memory: peak };
  }

  async #phase(
    act: (merge: TestObject) => Promise<void>,
    {
      routes,
      areReported,
      hasStatus,
    }: {
      readonly routes: number;
      readonly areReported: () => Promise<boolean>;
      readonly hasStatus: boolean;
    },
  ): Promise<Took> {
    const before = await writesOf(this.#api);
    const started = performance.now();
    const since = (): number => (performance.now() - started) / 1000;
    const acting = this.#each(act).then(since);
    const options = { ms: 600_000, everyMs: this.#merges.length > 100 ? 100 : 20 };
    const ref = { namespace: this.#namespace, name: targetName };
    await until(
      `${routes} routes in the target`,
      async () => {
        const object = await getObject(this.#api, virtualServices, ref);
        return routeNames(object).length === routes;
      },
      options,
    );
    const seconds = since();
    const actSeconds = await acting;
    if (hasStatus) await until("the status of all merges", areReported, options);
    const statusSeconds = hasStatus ? since() : Number.NaN;
    const after = await writesOf(this.#api);
    return {
      actSeconds,
      seconds,
      statusSeconds,
      writes: after.done - before.done,
      conflicts: after.conflicts - before.conflicts,
    };
  }

  async #each(act: (merge: TestObject) => Promise<void>): Promise<void> {
    for (let at = 0; at < this.#merges.length; at += parallel)
      await Promise.all(this.#merges.slice(at, at + parallel).map(act));
  }

  async #list(): Promise<readonly KubeObject[]> {
    const selection = { namespace: this.#namespace };
    return (await listObjects(this.#api, mergeKind.deck, selection)).items;
  }
}

function externalService(namespace: string, name: string): TestObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: {
      type: "ExternalName",
      externalName: "example.com",
      ports: [{ name: "http", port: 80 }],
    },
  };
}

function target(namespace: string): TestObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { namespace, name: targetName },
    spec: {
      hosts: ["target.example.com"],
      http: [{ name: "stable", route: [{ destination: { host: "stable" } }] }],
    },
  };
}

/** PUTs and PATCHes of VirtualServices so far, as the API server counts them. */
async function writesOf(api: Api): Promise<{ readonly done: number; readonly conflicts: number }> {
  let [done, conflicts] = [0, 0];
  for await (const line of await api.stream({ method: "GET", path: "/metrics" })) {
    if (!line.startsWith("apiserver_request_total{")) continue;
    if (!/resource="virtualservices"/.test(line) || !/verb="(?:PUT|PATCH|APPLY)"/.test(line))
      continue;
    const count = Number(line.slice(line.lastIndexOf(" ")));
    if (/code="2\d\d"/.test(line)) done += count;
    else if (/code="409"/.test(line)) conflicts += count;
  }
  return { done, conflicts };
}

/** The most that a process had resident, in MiB. */
function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

function print(samples: ReadonlyMap<Run, readonly Sample[]>): void {
  console.log("### Merges of one target\n");
  console.log(
    `All created, and then all deleted, ${parallel} at a time; medians. \`in the target\`: the VirtualService is as it must be. \`status\`: every merge has its status, or is gone. All from the first request. The old operator is a port of its writes (mesh-old-operator.ts).\n`,
  );
  console.log(
    "| operator, merges | runs | created: requests s | in the target s | status s | writes | conflicts | deleted: requests s | out of the target s | status s | writes | conflicts | most memory MiB |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
  for (const [{ operator, size }, all] of samples) {
    const phase = (of: (sample: Sample) => Took): readonly string[] => {
      const middle = (value: (took: Took) => number): number =>
        median(all.map((one) => value(of(one))));
      const status = middle(({ statusSeconds }) => statusSeconds);
      return [
        middle(({ actSeconds }) => actSeconds).toFixed(2),
        middle(({ seconds }) => seconds).toFixed(2),
        Number.isNaN(status) ? "" : status.toFixed(2),
        String(middle(({ writes }) => writes)),
        String(middle(({ conflicts }) => conflicts)),
      ];
    };
    const cells = [
      `${operator}, ${size.toLocaleString("en")}`,
      String(all.length),
      ...phase(({ created }) => created),
      ...phase(({ deleted }) => deleted),
      median(all.map(({ memory }) => memory)).toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
