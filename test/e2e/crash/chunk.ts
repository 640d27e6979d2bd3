import { connect } from "node:net";
import { readdirSync } from "node:fs";
import { inspect } from "node:util";
import { until } from "@cocktail/test-support";
import { inject } from "./fault.ts";
import { type Lane, openLane } from "./lane.ts";
import { leftBeside, listingDifferences, readListing, trafficDifferences } from "./observe.ts";
import { marked } from "./processes.ts";
import { randomOf } from "./random.ts";
import { branches, versionOf, workingVersion } from "./repository.ts";
import { Broken, Run } from "./run-schedule.ts";
import { scheduleOf } from "./schedule.ts";
import { freshWorld, type World } from "./world.ts";

/** Neighbouring schedules, which one cocktail runs one after the other. */
export interface Chunk {
  readonly seed: number;
  readonly from: number;
  readonly count: number;
}

export interface Failure {
  /** The schedule, or the last one before the end of the cocktail. */
  readonly number: number;
  readonly text: string;
}

export interface ChunkResult {
  readonly passed: number;
  readonly failure: Failure | undefined;
}

/**
 * Runs the schedules of a chunk up to the first failure; between two of them everything is taken back, so that each begins in
 * the same state. Then it ends the cocktail, and looks for what is left.
 */
export async function runChunk(
  { count, from, seed }: Chunk,
  onPass: (number: number) => void,
): Promise<ChunkResult> {
  await using lane = await openLane();
  let world = freshWorld({
    front: { generation: 0, version: workingVersion },
    back: { generation: 0, version: versionOf("release", 0) },
  });
  const up = await lane.command(["up", "--detach", "--port", "0"]);
  if (up.code !== 0)
    return { passed: 0, failure: { number: from, text: `the first up failed: ${up.stderr}` } };
  lane.repository.release();
  for (let number = from; number < from + count; number++) {
    const run = new Run(lane, world);
    try {
      world = await takeBack(lane, await run.schedule(scheduleOf(seed, number)));
    } catch (error) {
      return {
        passed: number - from,
        failure: { number, text: `${run.story.join("\n")}\n${tell(error)}` },
      };
    }
    onPass(number);
  }
  const last = from + count - 1;
  try {
    await endForGood(lane, seed, last);
  } catch (error) {
    return {
      passed: count,
      failure: { number: last, text: `after the last schedule:\n${tell(error)}` },
    };
  }
  return { passed: count, failure: undefined };
}

function tell(error: unknown): string {
  if (error instanceof Broken) return error.message;
  return error instanceof Error ? error.message : inspect(error);
}

/** Deletes what a schedule has left, and waits until only stable is there, as the file says. */
async function takeBack(lane: Lane, world: World): Promise<World> {
  const client = await lane.client();
  for (const branch of branches) lane.repository.move(branch, 0);
  lane.repository.relock();
  await until(
    "the environments to be deleted, a parent after its children",
    async () => {
      const names = Object.keys(world.environments);
      const how = { keepVariants: true };
      await Promise.all(names.map((name) => client.deleteEnvironment(name, how)));
      return true;
    },
    { everyMs: 20, retryErrors: true },
  );
  for (const { key, service } of Object.values(world.variants))
    await client.deleteVariant(service, key);
  const base = freshWorld(isOfFile(world) ? world.file : await editEverything(lane, world.file));
  await until(
    "everything to be taken back",
    async () => {
      const wrong = [
        ...listingDifferences(base, await readListing(client), lane),
        ...(await trafficDifferences(base, await lane.edge())),
        ...(await leftBeside(base, lane)),
      ];
      if (wrong.length > 0) throw new Error(wrong.slice(0, 8).join("\n"));
      return true;
    },
    { ms: 30_000, everyMs: 40, retryErrors: true },
  );
  const moved = lane.repository.moved();
  if (moved.length > 0) throw new Broken(`in the user's repository: ${moved.join("\n")}`);
  return base;
}

/** Stable runs what the file says, and no promotion. */
function isOfFile({ file, stable }: World): boolean {
  return Object.entries(stable).every(([service, { before, generation, version }]) => {
    const entry = file[service];
    return before === undefined && version === entry?.version && generation === entry.generation;
  });
}

/** Makes the file count again, and moves `release` on afterwards: stable must not follow it. */
async function editEverything(lane: Lane, file: World["file"]): Promise<World["file"]> {
  const back = lane.repository.release();
  const next = (service: string): number => (file[service]?.generation ?? 0) + 1;
  const edited = {
    front: { generation: next("front"), version: workingVersion },
    back: { generation: next("back"), version: back },
  };
  await lane.edit({ front: next("front"), back: next("back") });
  await (await lane.client()).applyFile();
  lane.repository.release();
  return edited;
}

/** `down --purge`, also of a killed run or interrupted itself: nothing may be left. */
async function endForGood(lane: Lane, seed: number, last: number): Promise<void> {
  const ports = [new URL((await lane.client()).baseUrl).host, await lane.edge()];
  const random = randomOf(seed, -1 - last);
  const how = random.pick(["clean", "killed", "interrupted"]);
  const kill = { target: "main", stopMs: undefined, choice: 0 } as const;
  if (how === "killed") await inject({ ...kill, afterMs: 0 }, lane.directory, () => undefined);
  if (how === "interrupted") {
    const afterMs = random.int(900);
    await Promise.all([
      lane.command(["down"]),
      inject({ ...kill, afterMs }, lane.directory, () => undefined),
    ]);
  }
  const { code, stderr } = await lane.command(["down", "--purge"]);
  const wrong = [
    ...(code === 0 ? [] : [`down --purge: exit ${code}: ${stderr}`]),
    ...marked(lane.mark).map(({ pid, words }) => `process ${pid}: ${words.join(" ")}`),
    ...lane.repository.damage(),
    ...(readdirSync(lane.directory).includes(".cocktail") ? [".cocktail is there"] : []),
    ...(await lane.strayFiles()).map((file) => `a file outside .cocktail: ${file}`),
    ...(
      await Promise.all(
        ports.map(async (port) => ((await isOpen(port)) ? [`${port} is open`] : [])),
      )
    ).flat(),
  ];
  if (wrong.length > 0) throw new Broken(`end: ${how}\n${wrong.join("\n")}`);
}

function isOpen(address: string): Promise<boolean> {
  const [host = "", port] = address.split(":");
  return new Promise((settle) => {
    const socket = connect(Number(port), host);
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
    socket.once("connect", () => socket.destroy());
  });
}
