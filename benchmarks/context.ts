import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { node } from "./gateway-contestants.ts";
import { client, saturate } from "./gateway-load.ts";
import { freePort, pinned, processorTime, type Running, start } from "./gateway-process.ts";
import { abba, type Estimate, estimate, type Pair, ratio } from "./paired.ts";

/**
 * What carrying a route costs a fastify service, beside OpenTelemetry's HTTP instrumentation: each case against the plain
 * service with the same requests, in pairs of rounds. One client, one core for the services:
 * `node --conditions=@cocktail/source benchmarks/context.ts [pairs] [seconds]`. Ends with 1 where a goal was missed.
 */
const pairs = Number(process.argv[2] ?? 6);
const seconds = Number(process.argv[3] ?? 1);
const connections = 50;
const serviceCore = 0;
const otherCore = 1;
/** What the plain service may differ from itself. Beyond, a run says nothing. */
const tolerance = 0.03;
/** What carrying three pins may cost of a service's requests a second. */
const goal = 0.1;

const pins = "payment-service:mp-101::cart-service:mp-102::order-service:rc";
const routed = { "x-service-route": pins };

const contestants = ["plain", "plain again", "context", "opentelemetry"] as const;
interface Case {
  readonly name: string;
  readonly contestant: (typeof contestants)[number];
  readonly headers: Record<string, string>;
  /** What the service does: answers, or calls another one by `fetch` or `node:http` first. */
  readonly path: "/" | "/fetch" | "/http";
}

const control: Case = {
  name: "plain against itself",
  contestant: "plain again",
  headers: routed,
  path: "/",
};
const threePins: Case = {
  name: "@cocktail/context, three pins",
  contestant: "context",
  headers: routed,
  path: "/",
};
const cases: readonly Case[] = [
  control,
  { ...threePins, name: "@cocktail/context, unrouted", headers: {} },
  threePins,
  { ...threePins, name: "@cocktail/context, three pins, one call by `fetch`", path: "/fetch" },
  { ...threePins, name: "@cocktail/context, three pins, one call by `node:http`", path: "/http" },
  { name: "OpenTelemetry HTTP", contestant: "opentelemetry", headers: {}, path: "/" },
];

interface Sample {
  readonly requests: number;
  readonly perSecond: number;
  /** Microseconds of processor time of the service for one request: steadier than a rate on a busy machine. */
  readonly cpu: number;
}

/** After so many pairs the services start anew: how well a process was compiled is luck, and must not decide. */
const pairsOfProcess = 3;
/** Requests after which a service's code is compiled. */
const warmUp = 20_000;

if (pinned) spawnSync("taskset", ["-cp", String(otherCore), String(process.pid)]);
const upstream = createServer((_, response) => response.end("ok"));
await new Promise<void>((listening) => upstream.listen(0, "127.0.0.1", listening));
const services = new Map<Case["contestant"], Running>();
const samples = new Map<Case, Pair<Sample>[]>(cases.map((each) => [each, []]));
try {
  for (let round = 0; round < pairs; round++) {
    if (round % pairsOfProcess === 0) await restart();
    for (const each of cases) {
      const plain = { ...each, contestant: "plain" } as const;
      const pair = await abba(
        () => sample(plain),
        () => sample(each),
      );
      samples.get(each)?.push(pair);
    }
  }
  print();
} finally {
  await stop();
  upstream.closeAllConnections();
  upstream.close();
}

/** New processes, warm. */
async function restart(): Promise<void> {
  await stop();
  for (const contestant of contestants) {
    const port = await freePort();
    const script = join(import.meta.dirname, "context-server.ts");
    const command = [...node, script, contestant, String(port), upstreamUrl()];
    services.set(contestant, await start(command, { core: serviceCore, port, workers: false }));
  }
  for (const contestant of contestants) {
    for (let served = 0; served < warmUp;)
      served += (await sample({ ...threePins, contestant })).requests;
    for (const { path } of new Map(cases.map((each) => [each.path, each])).values())
      await sample({ ...threePins, contestant, path });
  }
}

function upstreamUrl(): string {
  const address = upstream.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
}

async function stop(): Promise<void> {
  for (const service of services.values()) await service.stop();
  services.clear();
}

async function sample({ contestant, headers, path }: Case): Promise<Sample> {
  const service = services.get(contestant);
  if (service === undefined) throw new Error(`there is no service ${contestant}`);
  const { port, pid } = service;
  const before = processorTime(pid);
  const measured = await saturate({ port, path, headers, connections, seconds });
  const cpu = (processorTime(pid) - before) / measured.requests;
  if (measured.bad > 0) throw new Error(`${contestant} failed requests`);
  return { requests: measured.requests, perSecond: measured.perSecond, cpu };
}

function print(): void {
  console.log(
    `${connections} kept connections, ${client}${pinned ? "; the services share a core of their own" : ""}. ${pairs} pairs of 2 times ${seconds} s a side; median, and the interval of 95 %.\n`,
  );
  console.log("| service | req/s plain | req/s | req/s lost | CPU µs plain | CPU µs added |");
  console.log("|---|---|---|---|---|---|");
  for (const each of cases) console.log(rowOf(each));
  console.log(`\n${verdict()}`);
}

function rowOf(each: Case): string {
  const all = samples.get(each) ?? [];
  const middle = (value: (pair: Pair<Sample>) => number): number => estimate(all.map(value)).median;
  const added = estimate(all.map((pair) => (sum(pair.other, "cpu") - sum(pair.base, "cpu")) / 2));
  const cells = [
    each.name,
    middle(({ base }) => sum(base, "perSecond") / 2).toFixed(0),
    middle(({ other }) => sum(other, "perSecond") / 2).toFixed(0),
    interval(lostBy(each), 100, 1, " %"),
    middle(({ base }) => sum(base, "cpu") / 2).toFixed(2),
    interval(added, 1, 2, ""),
  ];
  return `| ${cells.join(" | ")} |`;
}

function lostBy(each: Case): Estimate {
  return estimate(
    (samples.get(each) ?? []).map((pair) => 1 - ratio(pair, ({ perSecond }) => perSecond)),
  );
}

function sum(rounds: readonly Sample[], value: keyof Sample): number {
  return rounds.reduce((total, one) => total + one[value], 0);
}

function interval(
  { median, low, high }: Estimate,
  by: number,
  digits: number,
  unit: string,
): string {
  const [middle, from, to] = [median, low, high].map((one) => (one * by).toFixed(digits));
  return `${middle}${unit} (${from} to ${to})`;
}

function verdict(): string {
  const { median: off } = lostBy(control);
  if (!(Math.abs(off) <= tolerance))
    return `**Noisy: the plain service differs from itself by ${(off * 100).toFixed(1)} %, and the rest says nothing.** Measure again on a quiet machine.`;
  const { median: lost } = lostBy(threePins);
  const met = lost <= goal;
  if (!met) process.exitCode = 1;
  return `Goal: three pins cost at most ${goal * 100} % of req/s: ${met ? "reached" : "missed"}.`;
}
