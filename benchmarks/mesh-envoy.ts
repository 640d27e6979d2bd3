import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  defaultMeshNames,
  renderMeshFilter,
  renderRegexForm,
  renderTableForm,
} from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import { appPort, type Cluster, deployment, meshNamespace, type TestPod } from "@cocktail/testbed";
import { hostOf, toTestObjects } from "../test/cluster/support/mesh-objects.ts";
import { node } from "./gateway-contestants.ts";
import { client, type Load, type Measured } from "./gateway-load.ts";
import { memory, processorTime } from "./gateway-process.ts";
import { loadWords, parseMeasured } from "./mesh-load.ts";
import { type Goal, median, type MeshBench, printGoals } from "./mesh-parts.ts";
import { abba, type Estimate, estimate, type Pair, ratio } from "./paired.ts";
import {
  branchLabels,
  inNetworkOf,
  keysOf,
  meshService,
  namespace,
  plainService,
  pod,
  servedTo,
  sidecarOf,
  tableOf,
} from "./mesh-pods.ts";

const connections = 16;
/** What the plain service may differ from itself. Beyond, a run says little. */
const tolerance = 0.03;
const forms = [
  ["table", renderTableForm],
  ["regex", renderRegexForm],
] as const;
type Form = (typeof forms)[number][0];
const sizes = [1, 100, 1_000] as const;

interface Case {
  readonly name: string;
  readonly service: string;
  /** The pin of a request, empty for one without a route. */
  readonly pin: string;
}

interface Sample extends Measured {
  /** Microseconds of the Envoy for one request. */
  readonly cpu: number;
}

/** A case beside the plain service. */
interface Row extends Case {
  readonly pairs: Pair<Sample>[];
}

const plain: Case = { name: "no Cocktail object", service: "plain", pin: "" };
const plainAgain: Case = { name: "another one without Cocktail", service: "plain-again", pin: "" };
const nameOf = (form: Form, size: number): string => `${form}-${size}`;
const cases: readonly Case[] = [
  plainAgain,
  ...forms.flatMap(([form]) =>
    sizes.flatMap((size): readonly Case[] => {
      const service = nameOf(form, size);
      const shown = `${form}, ${size.toLocaleString("en")}`;
      return [
        { name: `${shown}, stable`, service, pin: "" },
        { name: `${shown}, routed`, service, pin: `${service}:${lastKey(size)}` },
      ];
    }),
  ),
];

/** Of the regex form the worst: its route is the last one. */
function lastKey(size: number): string {
  return keysOf(size).at(-1) ?? "";
}

/** What a request costs the caller's Envoy, with so many variants of a service, in both forms. */
export async function benchEnvoy({ cluster, rounds, seconds }: MeshBench): Promise<boolean> {
  const caller = await startPods(cluster);
  const load = (one: Case): Promise<Measured> => loadFrom(caller, one, seconds);
  await until("the plain services at the caller", async () => (await load(plain)).bad === 0, {
    retryErrors: true,
  });
  const pid = sidecarOf(caller);
  const sample = async (one: Case): Promise<Sample> => {
    const before = processorTime(pid);
    const measured = await load(one);
    if (measured.bad > 0) throw new Error(`${one.name}: ${measured.bad} bad answers`);
    return { ...measured, cpu: (processorTime(pid) - before) / measured.requests };
  };
  const memoryBefore = memory(pid);
  await writeVariants(cluster, caller);
  const rows = cases.map((one): Row => ({ ...one, pairs: [] }));
  for (let round = 0; round < rounds; round++)
    for (const row of rows) {
      const pair = await abba(
        () => sample(plain),
        () => sample(row),
      );
      row.pairs.push(pair);
    }
  print(rows, { rounds, seconds });
  console.log(
    `\nThe caller's Envoy took ${memoryBefore.toFixed(0)} MiB before, and ${memory(pid).toFixed(0)} MiB with the ${2 * (1 + 100 + 1_000)} variants of all six services.`,
  );
  return verdict(rows);
}

async function startPods(cluster: Cluster): Promise<TestPod> {
  await cluster.apply(
    meshNamespace(namespace),
    deployment({ namespace, service: "caller" }),
    pod("stable", { app: "stable" }),
  );
  for (const { service, pin } of [plain, ...cases]) {
    if (pin !== "")
      await cluster.apply(pod(service, branchLabels(service, pin.slice(pin.indexOf(":") + 1))));
    else await cluster.apply(...plainService(service));
  }
  await cluster.readyPods(namespace, "app=stable");
  await cluster.readyPods(namespace, "cocktail.dev/service", sizes.length * 2);
  const [caller] = await cluster.readyPods(namespace, "app=caller");
  if (caller === undefined) throw new Error("there is no caller");
  return caller;
}

async function writeVariants(cluster: Cluster, caller: TestPod): Promise<void> {
  await cluster.apply(...toTestObjects([renderMeshFilter(defaultMeshNames)]));
  for (const [form, render] of forms)
    for (const size of sizes) {
      const one = meshService(nameOf(form, size));
      const objects = render(one, tableOf(one.name, keysOf(size)), defaultMeshNames);
      await cluster.apply(...toTestObjects([one.base, ...objects]));
    }
  for (const one of [plain, ...cases])
    await until(
      `${one.name} to be served`,
      async () => {
        const { service, pin } = one;
        return pin === "" || (await servedTo(caller, service, pin)) === pin;
      },
      { ms: 60_000, everyMs: 100 },
    );
}

async function loadFrom(caller: TestPod, one: Case, seconds: number): Promise<Measured> {
  const headers = {
    Host: `${hostOf(one.service, namespace)}:${appPort}`,
    ...(one.pin === "" ? {} : { "x-service-route": one.pin }),
  };
  const load: Load = { port: appPort, headers, connections, seconds };
  const [file = "", ...words] = [...inNetworkOf(caller), ...node];
  const script = join(import.meta.dirname, "mesh-load.ts");
  const { stdout } = await promisify(execFile)(file, [...words, script, ...loadWords(load)]);
  return parseMeasured(stdout);
}

function print(rows: readonly Row[], { rounds, seconds }: Pick<MeshBench, "rounds" | "seconds">) {
  console.log("### A request through the caller's Envoy\n");
  console.log(
    `${rounds} rounds: each case beside a service without Cocktail, in the order service, case, case, service, ${seconds} s each; ${connections} kept connections, ${client}, 1 KiB answers. Medians, and the interval of 95 %. The Envoy has one worker and a core of its own; client and services share the other one. Routed requests pin the variant whose route is the last one.\n`,
  );
  console.log(
    "| form, variants, request | CPU µs a request | against none | req/s | p50 ms | p99 ms |",
  );
  console.log("|---|---|---|---|---|---|");
  for (const row of rows) {
    const own = row.pairs.flatMap(({ other }) => other);
    const of = (value: (one: Sample) => number): number => median(own.map(value));
    const { median: middle, low, high } = againstNone(row);
    const cells = [
      row.name,
      of(({ cpu }) => cpu).toFixed(1),
      `${percent(middle)} % (${percent(low)} to ${percent(high)})`,
      Math.round(of(({ perSecond }) => perSecond)).toLocaleString("en"),
      of(({ p50 }) => p50).toFixed(2),
      of(({ p99 }) => p99).toFixed(2),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

function percent(value: number): string {
  return (value * 100).toFixed(0);
}

/** What the Envoy's processor takes for a request, over what it takes for one to the plain service. */
function againstNone({ pairs }: Row): Estimate {
  return estimate(pairs.map((pair) => ratio(pair, ({ cpu }) => cpu)));
}

function verdict(rows: readonly Row[]): boolean {
  const of = (wanted: string): number => {
    const row = rows.find(({ name }) => name === wanted);
    return row === undefined ? Number.NaN : againstNone(row).median;
  };
  const off = Math.abs(of(plainAgain.name) - 1);
  if (!(off <= tolerance))
    console.log(
      `\n**Noisy: the plain service differs from another one by ${(off * 100).toFixed(1)} %.** Measure again on a quiet machine.`,
    );
  const flat = (form: Form, request: "stable" | "routed", most: number): Goal => ({
    what: `${request} requests, ${form} form, 1,000 variants against 1`,
    value: of(`${form}, 1,000, ${request}`) / of(`${form}, 1, ${request}`),
    most,
  });
  return printGoals([
    { what: "a plain service against another", value: 1 + off, most: 1 + tolerance },
    flat("table", "stable", 1.05),
    flat("regex", "stable", 1.05),
    flat("table", "routed", 1.1),
    {
      what: "routed requests, table form, 1,000 variants, against no Cocktail object",
      value: of("table, 1,000, routed"),
      most: 1.2,
    },
  ]);
}
