import { mkdir, rm } from "node:fs/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "@cocktail/local-state";
import { z } from "zod";
import { type Component, components } from "../components.ts";
import { tail } from "../inside/child.ts";
import { isInstalled, programOf } from "../install/cache.ts";
import type { Place } from "./place.ts";
import { endSandbox, runningSandbox, startSandbox } from "./sandbox.ts";

/** One line of the progress file. */
const progressLine = z.union([
  z.object({ step: z.string(), ms: z.number() }),
  z.object({ ready: z.literal(true) }),
  z.object({ failed: z.string() }),
]);
type ProgressLine = z.infer<typeof progressLine>;

/** What was asked can't be done now; `fix` says what to do. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

function missingComponents(): readonly Component[] {
  return components.filter((component) => !isInstalled(component));
}

/** Starts a testbed and returns when it is ready. What failed or was interrupted is taken down again. */
export async function up(
  place: Place,
  signal: AbortSignal,
  onStep: (step: string, ms: number) => void,
): Promise<void> {
  const missing = missingComponents().map(({ name }) => name);
  if (missing.length > 0)
    throw new Refused(`not installed: ${missing.join(", ")}; run: npm run testbed -- install`, 1);
  if (runningSandbox(place) !== undefined)
    throw new Refused(`the testbed "${place.name}" is up; run: npm run testbed -- down`, 4);
  await makePlace(place);
  const programs = Object.fromEntries(components.map((one) => [one.name, programOf(one)]));
  const main = join(import.meta.dirname, "../inside/main.ts");
  const options = ["--conditions=@cocktail/source", main];
  const words = [...options, JSON.stringify(place), JSON.stringify(programs)];
  const sandbox = await startSandbox(place, [process.execPath, ...words]);
  writeFileSync(place.runFile, `${JSON.stringify(sandbox)}\n`, { mode: 0o600 });
  try {
    await awaitReady(place, sandbox, signal, onStep);
  } catch (error) {
    await down(place);
    throw error;
  }
}

async function makePlace(place: Place): Promise<void> {
  await rm(place.directory, { recursive: true, force: true }); // of one that was killed
  for (const directory of [place.directory, place.logs, place.pki, place.data])
    await mkdir(directory, { recursive: true, mode: 0o700 });
}

async function awaitReady(
  place: Place,
  sandbox: ProcessIdentity,
  signal: AbortSignal,
  onStep: (step: string, ms: number) => void,
): Promise<void> {
  for (let told = 0; ;) {
    signal.throwIfAborted();
    const alive = isAlive(sandbox); // read before the progress: what it wrote last still counts
    const lines = readProgress(place);
    for (const line of lines.slice(told)) {
      if ("ready" in line) return;
      if ("failed" in line) throw new Refused(line.failed, 1);
      onStep(line.step, line.ms);
    }
    told = lines.length;
    if (!alive)
      throw new Refused(
        `the testbed ended as it started:\n${tail(join(place.logs, "testbed.log"))}`,
        1,
      );
    await delay(50);
  }
}

export function readProgress(place: Place): readonly ProgressLine[] {
  try {
    const lines = readFileSync(place.progressFile, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => progressLine.parse(JSON.parse(line)));
  } catch (error) {
    if (Reflect.get(Object(error), "code") === "ENOENT") return [];
    throw error;
  }
}

/** Ends a testbed and removes its files. False when there was nothing. */
export async function down(place: Place): Promise<boolean> {
  const sandbox = runningSandbox(place);
  if (sandbox !== undefined) await endSandbox(sandbox);
  await rm(place.directory, { recursive: true, force: true });
  return sandbox !== undefined;
}
