import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import autocannon from "autocannon";

/**
 * What carrying a route costs a hello-world fastify service, beside OpenTelemetry's HTTP instrumentation. One client,
 * rounds interleaved, medians: `node --conditions=@cocktail/source benchmarks/context.ts [rounds] [seconds]`.
 */
const rounds = Number(process.argv[2] ?? 15);
const seconds = Number(process.argv[3] ?? 1);

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

interface Service {
  readonly child: ChildProcess;
  readonly url: string;
}

/** After so many rounds the services start anew: how well a process was compiled is luck, and must not decide. */
const roundsOfProcess = 3;

const services = new Map<string, Service>();
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
  stop();
}

/** New processes, warm. */
async function restart(): Promise<void> {
  stop();
  for (const name of ["plain", "context", "opentelemetry"]) services.set(name, await start(name));
  for (const each of cases) await sample(each, 1);
}

function stop(): void {
  for (const { child } of services.values()) child.disconnect();
  services.clear();
}

async function start(contestant: string): Promise<Service> {
  const child = fork(new URL("./context-server.ts", import.meta.url), [contestant]);
  return { child, url: String(await answer(child, "url")) };
}

async function sample({ contestant, headers }: Case, duration: number): Promise<Sample> {
  const service = services.get(contestant);
  if (service === undefined) throw new Error(`there is no service ${contestant}`);
  const before = await cpuTime(service.child);
  const result = await autocannon({ url: service.url, connections: 50, duration, headers });
  const after = await cpuTime(service.child);
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${contestant} failed requests`);
  const total = result.requests.total;
  return {
    perSecond: total / result.duration,
    p99: result.latency.p99,
    cpu: (after - before) / total,
  };
}

async function cpuTime(child: ChildProcess): Promise<number> {
  child.send("cpu");
  return Number(await answer(child, "cpu"));
}

/** A field of the next message of a service. */
async function answer(child: ChildProcess, field: string): Promise<unknown> {
  const messages: readonly unknown[] = await once(child, "message");
  return new Map<string, unknown>(Object.entries(messages[0] ?? {})).get(field);
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
      median(own.map((one) => one.p99)).toFixed(0),
      median(own.map((one) => one.cpu)).toFixed(2),
      name === against ? "" : `${(slower * 100).toFixed(1)} %`,
      name === against ? "" : dearer.toFixed(2),
    ];
    return `| ${cells.join(" | ")} |`;
  });
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
