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
const rounds = Number(process.argv[2] ?? 9);
const seconds = Number(process.argv[3] ?? 3);
const connections = 50;
/** After so many rounds the proxies start anew: how well a process was compiled is luck, and must not decide. */
const roundsOfProcess = 3;
const warmUpSeconds = 3;
const proxyCore = 0;
const otherCore = 1;

interface Row {
  readonly contestant: Contestant;
  running: Running | undefined;
  readonly full: Measured[];
  readonly half: Measured[];
  /** Microseconds of processor time for one request. */
  readonly cost: number[];
  readonly memory: number[];
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
const rows = contestants().map((contestant): Row => ({
  contestant,
  running: undefined,
  full: [],
  half: [],
  cost: [],
  memory: [],
}));
try {
  await interleaved(async (row) => {
    await measureFull(row, seconds);
    row.memory.push(memory(runningOf(row).pid));
  });
  const half = median(rowOf(httpProxy3).full.map(({ perSecond }) => perSecond)) / 2;
  await interleaved(async (row) => void row.half.push(await steady(loadOf(row, seconds), half)));
  print(half);
} finally {
  await stopAll();
  await upstream.stop();
}

/** New processes, warm. */
async function restart(): Promise<void> {
  await stopAll();
  for (const row of rows) {
    const { command, workers } = row.contestant;
    const port = await freePort();
    row.running = await start(command(upstreamPort, port), { core: proxyCore, port, workers });
  }
  for (const row of rows) await saturate(loadOf(row, warmUpSeconds));
}

async function stopAll(): Promise<void> {
  for (const row of rows) {
    await row.running?.stop();
    row.running = undefined;
  }
}

function runningOf({ contestant, running }: Row): Running {
  if (running === undefined) throw new Error(`${contestant.name} does not run`);
  return running;
}

async function interleaved(measure: (row: Row) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    if (round % roundsOfProcess === 0) await restart();
    // Another one begins each round, so that none always follows the same neighbour.
    const at = round % rows.length;
    for (const row of [...rows.slice(at), ...rows.slice(0, at)]) await measure(row);
  }
}

async function measureFull(row: Row, time: number): Promise<void> {
  const { pid } = runningOf(row);
  const before = processorTime(pid);
  const measured = await saturate(loadOf(row, time));
  if (measured.bad > 0) throw new Error(`${row.contestant.name}: ${measured.bad} bad answers`);
  row.full.push(measured);
  row.cost.push((processorTime(pid) - before) / measured.requests);
}

function loadOf(row: Row, time: number): Parameters<typeof saturate>[0] {
  const { headers } = row.contestant;
  return { port: runningOf(row).port, headers, connections, seconds: time };
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
      median(row.memory).toFixed(0),
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
  // Compared within each round, so that a slow minute, which both had, drops out.
  const paired = (
    [name, against]: readonly [string, string],
    valueOf: (row: Row) => readonly number[],
  ): number => {
    const others = valueOf(rowOf(against));
    return median(
      valueOf(rowOf(name)).map((value, round) => value / (others[round] ?? Number.NaN)),
    );
  };
  const rate = (...pair: readonly [string, string]): number =>
    paired(pair, ({ full }) => full.map(({ perSecond }) => perSecond));
  const goals: readonly (readonly [string, number, (value: number) => boolean, string])[] = [
    ["req/s against http-proxy-3", rate(one, httpProxy3), (ratio) => ratio >= 1.7, "at least 1.7"],
    [
      "req/s against the bare forwarder",
      rate(one, bare),
      (ratio) => ratio >= 0.88,
      "at least 0.88",
    ],
    [
      "req/s of 1,000 variants against 1",
      rate(thousand, one),
      (ratio) => ratio >= 0.95,
      "at least 0.95",
    ],
    [
      "p99 at half load against http-proxy-3",
      paired([one, httpProxy3], ({ half }) => half.map(({ p99 }) => p99)),
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
