import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "@cocktail/client";
import type { RouteTable } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import { type BranchOfPair, branchesOfPair, live } from "../support/branch-life.ts";
import { type Cocktail, startCocktail } from "../support/cocktail.ts";
import { makeRepository } from "../support/git.ts";
import { misrouted } from "../support/misrouted.ts";
import { patience } from "../support/patience.ts";
import { brief, type Sample, type Shot, startTraffic } from "../support/traffic.ts";
import { debuggable, type HeapProbe, openHeapProbe } from "./heap-probe.ts";
import { sampleProcess } from "./process-samples.ts";
import { descriptorRule, heapRule, memoryRule, type Trend, trendOf } from "./verdict.ts";

const pair = join(import.meta.dirname, "../fixtures/pair");
const keys = ["mp-1", "mp-2", "mp-3", "mp-4"];

export interface SoakOptions {
  readonly minutes: number;
  /** Requests a second. */
  readonly rate: number;
  /** Ends it early; what there is then is summed up. */
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** The result; its fields are what `-o json` prints. */
export interface SoakSummary {
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly misrouted: number;
  /** Lives of branches: deployed, redeployed, in an environment, deleted. */
  readonly lives: number;
  readonly epochs: number;
  /** The first failures, requests and commands, one line each. */
  readonly faults: readonly string[];
  /** Bytes; undefined where it ended too early to tell. */
  readonly heap: Trend | undefined;
  readonly memory: Trend | undefined;
  readonly descriptors: Trend | undefined;
  readonly ok: boolean;
}

/** Counts of a soak at work. */
interface Tally {
  requests: number;
  failed: number;
  misrouted: number;
  lives: number;
  readonly faults: string[];
  readonly heap: number[];
  readonly memory: number[];
  readonly descriptors: number[];
}

/** A cocktail under constant load, while branches and environments come and go. */
export async function soak({
  minutes,
  onProgress,
  rate,
  signal,
}: SoakOptions): Promise<SoakSummary> {
  process.env["NODE_OPTIONS"] = debuggable;
  await using shop = await startCocktail(pair);
  using probe = await openHeapProbe(
    shop.run.pid,
    join(shop.directory, ".cocktail/logs/cocktail.log"),
  );
  makeRepository(
    shop.directory,
    keys.map((key) => `feature/${key}-work`),
  );
  const tally: Tally = {
    requests: 0,
    failed: 0,
    misrouted: 0,
    lives: 0,
    faults: [],
    heap: [],
    memory: [],
    descriptors: [],
  };
  const client = createClient({ baseUrl: shop.run.api, token: shop.run.token });
  const first = (await client.routeTable()).epoch;
  const end = new AbortController();
  const over = AbortSignal.any([signal, end.signal, AbortSignal.timeout(minutes * 60_000)]);
  const began = performance.now();
  await using answers = startChecking((epoch) => client.routeTable(epoch), tally);
  const take = (sample: Sample): void => answers.check(sample);
  await using traffic = startTraffic(shop.edge, rate, nextShot(), take);
  const churn = Promise.all(branchesOfPair(keys).map((one) => liveOn(shop, one, { over, tally })));
  try {
    await watch({ pid: shop.run.pid, probe }, over, { onProgress, tally });
  } finally {
    end.abort();
    await churn;
  }
  await traffic.stop();
  await answers.stop();
  const epochs = (await client.routeTable()).epoch - first;
  return summaryOf(tally, { seconds: Math.round((performance.now() - began) / 1000), epochs });
}

function summaryOf(
  { descriptors, faults, heap, memory, ...counts }: Tally,
  { epochs, seconds }: Pick<SoakSummary, "epochs" | "seconds">,
): SoakSummary {
  const trends = {
    heap: trendOf(heap, heapRule),
    memory: trendOf(memory, memoryRule),
    descriptors: trendOf(descriptors, descriptorRule),
  };
  const isFlat = Object.values(trends).every((trend) => trend?.isFlat !== false);
  return { seconds, ...counts, epochs, faults, ...trends, ok: faults.length === 0 && isFlat };
}

/** Samples the main process until it is over: once a second, and its heap, which a collection must precede, every 5 s. */
async function watch(
  { pid, probe }: { readonly pid: number; readonly probe: HeapProbe },
  over: AbortSignal,
  { onProgress, tally }: { readonly onProgress: SoakOptions["onProgress"]; readonly tally: Tally },
): Promise<void> {
  const began = performance.now();
  for (let told = 0; !over.aborted;) {
    await pause(1_000, undefined, { signal: over }).catch(() => undefined);
    const second = Math.round((performance.now() - began) / 1000);
    const { descriptors, memory } = sampleProcess(pid);
    tally.memory.push(memory);
    if (descriptors !== undefined) tally.descriptors.push(descriptors);
    if (second < told + 5) continue;
    told = second;
    const heap = await probe.used();
    tally.heap.push(heap);
    const { failed, lives, misrouted: wrong, requests } = tally;
    const [heapMiB, memoryMiB] = [heap, memory].map((bytes) => Math.round(bytes / 1024 / 1024));
    const holds = `heap ${heapMiB} MiB, memory ${memoryMiB} MiB, ${descriptors} descriptors`;
    onProgress(
      `${second} s: ${requests} requests, ${failed} failed, ${wrong} misrouted, ${lives} lives of branches, ${holds}`,
    );
  }
}

/** One life after the other; a failure is noted, and the branch tries again. */
async function liveOn(
  shop: Cocktail,
  branch: BranchOfPair,
  { over, tally }: { readonly over: AbortSignal; readonly tally: Tally },
): Promise<void> {
  while (!over.aborted) {
    try {
      await live(shop, branch);
      tally.lives++;
    } catch (error) {
      // Ctrl-C at a terminal ends the commands too.
      if (over.aborted) return;
      note(tally, error instanceof Error ? error.message : String(error));
      await pause(1_000);
    }
  }
}

interface Checking extends AsyncDisposable {
  check(sample: Sample): void;
  /** Resolves when everything was checked. */
  stop(): Promise<void>;
}

/** Checks the answers in batches: for each hop the table that it names. */
function startChecking(at: (epoch: number) => Promise<RouteTable>, tally: Tally): Checking {
  let waiting: Sample[] = [];
  const tables = new Map<number, RouteTable>();
  const stopped = new AbortController();
  const batch = async (): Promise<void> => {
    const samples = waiting;
    waiting = [];
    for (const sample of samples) {
      tally.requests++;
      if (sample.status === 200) continue;
      tally.failed++;
      note(tally, brief(sample));
    }
    const good = samples.filter(({ status }) => status === 200);
    const epochs = new Set(good.flatMap(({ hops }) => hops.flatMap(({ epoch }) => epoch ?? [])));
    for (const epoch of epochs) {
      if (tables.has(epoch)) continue;
      // A connection that was idle may be closed at the moment it is used again.
      tables.set(epoch, await until(`the table of epoch ${epoch}`, () => at(epoch), patience));
    }
    for (const sample of good) {
      const wrong = misrouted(sample, tables);
      if (wrong.length > 0) tally.misrouted++;
      for (const line of wrong) note(tally, line);
    }
    forgetOld(tables);
  };
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await pause(250);
      await batch().catch((error: unknown) => note(tally, String(error)));
    }
  })();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await loop;
    await batch();
  };
  return { check: (sample) => void waiting.push(sample), stop, [Symbol.asyncDispose]: stop };
}

/** Answers take seconds at most, and so name none of these any more. */
function forgetOld(tables: Map<number, RouteTable>): void {
  for (const epoch of [...tables.keys()].toSorted((one, other) => one - other).slice(0, -300))
    tables.delete(epoch);
}

/** So many are told; all are counted. */
const maxFaults = 20;

function note({ faults }: Tally, line: string): void {
  if (faults.length < maxFaults) faults.push(line);
}

/** Two of five are stable's, the others those of a branch or an environment, each over two hops. */
function nextShot(): () => Shot {
  let count = 0;
  return () => {
    const key = keys[Math.floor(count / 5) % keys.length] ?? "";
    const kind = count++ % 5;
    if (kind < 2) return { host: "front.localhost", headers: {} };
    if (kind === 2)
      return { host: "front.localhost", headers: { "x-source-route": `squad-${key}` } };
    if (kind === 3) return { host: "front.localhost", headers: { "x-source-route": key } };
    const pins = `back:${key}::front:${key}`;
    return { host: "front.localhost", headers: { "x-service-route": pins } };
  };
}
