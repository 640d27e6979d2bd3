import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { node } from "./gateway-contestants.ts";
import { client, saturate } from "./gateway-load.ts";
import { freePort, pinned, processorTime, type Running, start } from "./gateway-process.ts";

/**
 * What carrying a route costs a hello-world fastify service, beside OpenTelemetry's HTTP instrumentation. One client, one
 * core for the service, rounds interleaved, medians:
 * `node --conditions=@cocktail/source benchmarks/context.ts [rounds] [seconds]`.
 */
const rounds = Number(process.argv[2] ?? 15);
const seconds = Number(process.argv[3] ?? 1);
const connections = 50;
const serviceCore = 0;
const otherCore = 1;

const pins = "payment-service:mp-101::cart-service:mp-102::order-service:rc";
const routed = { "x-service-route": pins };

interface Case {
  readonly name: string;
  readonly contestant: "plain" | "context" | "opentelemetry";
  readonly headers: Record<string, string>;
  /** The case with the same requests and without anything. */
  readonly against: string;
}

const cases: readonly Case[] = [
  { name: "plain", contestant: "plain", headers: {}, against: "plain" },
  { name: "plain, same three pins", contestant: "plain", headers: routed, against: "plain" },
  { name: "@cocktail/context, unrouted", contestant: "context", headers: {}, against: "plain" },
  {
    name: "@cocktail/context, three pins",
    contestant: "context",
    headers: routed,
    against: "plain, same three pins",
  },
  { name: "OpenTelemetry HTTP", contestant: "opentelemetry", headers: {}, against: "plain" },
];

interface Sample {
  readonly perSecond: number;
  readonly p99: number;
  /** Microseconds of processor time of the service for one request: steadier than a rate on a busy machine. */
  readonly cpu: number;
}

/** After so many rounds the services start anew: how well a process was compiled is luck, and must not decide. */
const roundsOfProcess = 3;

if (pinned) spawnSync("taskset", ["-cp", String(otherCore), String(process.pid)]);
const services = new Map<Case["contestant"], Running>();
const samples = new Map<string, Sample[]>(cases.map(({ name }) => [name, []]));
try {
  for (let round = 0; round < rounds; round++) {
    if (round % roundsOfProcess === 0) await restart();
    // Another one begins each round, so that none always follows the same neighbour.
    const turned = [...cases.slice(round % cases.length), ...cases.slice(0, round % cases.length)];
    for (const each of turned) samples.get(each.name)?.push(await sample(each, seconds));
  }
  print();
} finally {
  await stop();
}

/** New processes, warm. */
async function restart(): Promise<void> {
  await stop();
  for (const contestant of ["plain", "context", "opentelemetry"] as const) {
    const port = await freePort();
    const script = join(import.meta.dirname, "context-server.ts");
    const command = [...node, script, contestant, String(port)];
    services.set(contestant, await start(command, { core: serviceCore, port, workers: false }));
  }
  for (const each of cases) await sample(each, 2);
}

async function stop(): Promise<void> {
  for (const service of services.values()) await service.stop();
  services.clear();
}

async function sample({ contestant, headers }: Case, duration: number): Promise<Sample> {
  const service = services.get(contestant);
  if (service === undefined) throw new Error(`there is no service ${contestant}`);
  const { port, pid } = service;
  const before = processorTime(pid);
  const measured = await saturate({ port, headers, connections, seconds: duration });
  const cpu = (processorTime(pid) - before) / measured.requests;
  if (measured.bad > 0) throw new Error(`${contestant} failed requests`);
  return { perSecond: measured.perSecond, p99: measured.p99, cpu };
}

function print(): void {
  const rows = cases.map(({ name, against }) => {
    const own = samples.get(name) ?? [];
    const base = samples.get(against) ?? [];
    // Of the same round, so that what the machine did meanwhile counts for both.
    const slower = median(
      own.map((one, at) => 1 - one.perSecond / (base[at]?.perSecond ?? Number.NaN)),
    );
    const dearer = median(own.map((one, at) => one.cpu - (base[at]?.cpu ?? Number.NaN)));
    const cells = [
      name,
      median(own.map((one) => one.perSecond)).toFixed(0),
      median(own.map((one) => one.p99)).toFixed(1),
      median(own.map((one) => one.cpu)).toFixed(2),
      name === against ? "" : `${(slower * 100).toFixed(1)} %`,
      name === against ? "" : dearer.toFixed(2),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  console.log(
    `${connections} kept connections, ${client}${pinned ? "; the service has a core of its own" : ""}.\n`,
  );
  console.log(
    `| ${rounds} rounds of ${seconds} s | req/s | p99 ms | CPU µs a request | req/s lost | CPU µs added |`,
  );
  console.log("|---|---|---|---|---|---|");
  console.log(rows.join("\n"));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
