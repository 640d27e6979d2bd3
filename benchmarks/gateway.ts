import { join } from "node:path";
import { spawnSync } from "node:child_process";
import {
  bare,
  type Contestant,
  contestants,
  httpProxy3,
  node,
  one,
  thousand,
} from "./gateway-contestants.ts";
import { client, type Measured, saturate, steady } from "./gateway-load.ts";
import { freePort, memory, pinned, processorTime, type Running, start } from "./gateway-process.ts";

/**
 * What the gateway costs, beside a bare forwarder, http-proxy-3, nginx and Envoy: one upstream, one client, one core for
 * the proxy, rounds interleaved, medians. `node --conditions=@cocktail/source benchmarks/gateway.ts [rounds] [seconds]`.
 */
const rounds = Number(process.argv[2] ?? 7);
const seconds = Number(process.argv[3] ?? 3);
const connections = 50;
const proxyCore = 0;
const otherCore = 1;

interface Row {
  readonly contestant: Contestant;
  readonly running: Running;
  readonly full: Measured[];
  readonly half: Measured[];
  /** Microseconds of processor time for one request. */
  readonly cost: number[];
  memory: number;
}

if (pinned) spawnSync("taskset", ["-cp", String(otherCore), String(process.pid)]);
const upstreamPort = await freePort();
const upstreamCommand = [
  ...node,
  join(import.meta.dirname, "proxies/upstream.ts"),
  String(upstreamPort),
];
const upstream = await start(upstreamCommand, {
  core: otherCore,
  port: upstreamPort,
  workers: false,
});
const rows: Row[] = [];
try {
  for (const contestant of contestants()) {
    const port = await freePort();
    const command = contestant.command(upstreamPort, port);
    const running = await start(command, { core: proxyCore, port, workers: contestant.workers });
    rows.push({ contestant, running, full: [], half: [], cost: [], memory: 0 });
  }
  for (const row of rows) await measureFull(row, 1);
  for (const row of rows) row.full.length = row.cost.length = 0;
  await interleaved((row) => measureFull(row, seconds));
  for (const row of rows) row.memory = memory(row.running.pid);
  const half = median(rowOf(httpProxy3).full.map(({ perSecond }) => perSecond)) / 2;
  await interleaved(async (row) => void row.half.push(await steady(loadOf(row, seconds), half)));
  print(half);
} finally {
  for (const { running } of rows) await running.stop();
  await upstream.stop();
}

async function interleaved(measure: (row: Row) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    // Another one begins each round, so that none always follows the same neighbour.
    const at = round % rows.length;
    for (const row of [...rows.slice(at), ...rows.slice(0, at)]) await measure(row);
  }
}

async function measureFull(row: Row, time: number): Promise<void> {
  const before = processorTime(row.running.pid);
  const measured = await saturate(loadOf(row, time));
  if (measured.bad > 0) throw new Error(`${row.contestant.name}: ${measured.bad} bad answers`);
  row.full.push(measured);
  row.cost.push((processorTime(row.running.pid) - before) / measured.requests);
}

function loadOf({ running, contestant }: Row, time: number): Parameters<typeof saturate>[0] {
  return { port: running.port, headers: contestant.headers, connections, seconds: time };
}

function rowOf(name: string): Row {
  const row = rows.find(({ contestant }) => contestant.name === name);
  if (row === undefined) throw new Error(`no ${name} among the contestants`);
  return row;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(half: number): void {
  const reference = cost(rowOf(bare));
  console.log(
    `${rounds} interleaved rounds of ${seconds} s, ${connections} kept connections, ${client}, 1 KiB answers, medians.`,
  );
  console.log(
    pinned
      ? "The proxy has a core of its own.\n"
      : "The proxy shares its cores: taskset is missing.\n",
  );
  console.log(
    "| proxy | req/s | processor µs a request | against bare | p50 ms | p99 ms | memory MiB |",
  );
  console.log("|---|---|---|---|---|---|---|");
  for (const row of rows) {
    const rate = median(row.full.map(({ perSecond }) => perSecond));
    const cells = [
      row.contestant.name,
      Math.round(rate).toLocaleString("en"),
      cost(row).toFixed(1),
      `${((cost(row) / reference) * 100).toFixed(0)} %`,
      median(row.full.map(({ p50 }) => p50)).toFixed(2),
      median(row.full.map(({ p99 }) => p99)).toFixed(2),
      row.memory.toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  console.log(
    `\nAt half of what http-proxy-3 can take (${Math.round(half).toLocaleString("en")} req/s, a fixed rate):\n`,
  );
  console.log("| proxy | p50 ms | p99 ms |\n|---|---|---|");
  for (const row of rows) {
    const [p50, p99] = [
      median(row.half.map((each) => each.p50)),
      median(row.half.map((each) => each.p99)),
    ];
    console.log(`| ${row.contestant.name} | ${p50.toFixed(2)} | ${p99.toFixed(2)} |`);
  }
  printGoals();
}

function cost(row: Row): number {
  return median(row.cost);
}

function printGoals(): void {
  const rate = (name: string): number => median(rowOf(name).full.map(({ perSecond }) => perSecond));
  const p99 = (name: string): number => median(rowOf(name).half.map((each) => each.p99));
  const goals: readonly (readonly [string, number, (value: number) => boolean, string])[] = [
    [
      "req/s against http-proxy-3",
      rate(one) / rate(httpProxy3),
      (ratio) => ratio >= 1.7,
      "at least 1.7",
    ],
    [
      "req/s against the bare forwarder",
      rate(one) / rate(bare),
      (ratio) => ratio >= 0.88,
      "at least 0.88",
    ],
    [
      "req/s of 1,000 variants against 1",
      rate(thousand) / rate(one),
      (ratio) => ratio >= 0.95,
      "at least 0.95",
    ],
    [
      "p99 at half load against http-proxy-3",
      p99(one) / p99(httpProxy3),
      (ratio) => ratio <= 1,
      "at most 1",
    ],
  ];
  console.log("\n| goal | measured | wanted | |\n|---|---|---|---|");
  for (const [what, value, reached, wanted] of goals) {
    console.log(
      `| ${what} | ${value.toFixed(2)} | ${wanted} | ${reached(value) ? "reached" : "missed"} |`,
    );
  }
}
