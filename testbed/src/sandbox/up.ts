import { mkdir, rm } from "node:fs/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "@cocktail/local-state";
import { z } from "zod";
import { componentsOf, type Profile } from "../components.ts";
import { tail } from "../inside/child.ts";
import { isInstalled, programOf } from "../install/cache.ts";
import { toolRunner } from "../install/tool.ts";
import { removeCgroups } from "../node/cgroups.ts";
import { machineFacts, obstaclesOf, tryKernel } from "../node/obstacles.ts";
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

/** The exit code of what this machine can't do, so that tests can tell it from a failure. */
const impossibleHere = 5;

function refuse(profile: Profile, obstacles: readonly string[]): void {
  if (obstacles.length === 0) return;
  const list = obstacles.map((one) => `\n- ${one}`).join("");
  throw new Refused(`profile ${profile} can't run on this machine:${list}`, impossibleHere);
}

/** Refuses a profile that this machine can't run, as far as that is known without a try. */
export function checkMachine(profile: Profile): void {
  if (profile === "node") refuse(profile, obstaclesOf(machineFacts()));
}

/** Refuses what can be known to fail before anything is started. */
function checkBefore(place: Place, profile: Profile): void {
  checkMachine(profile);
  const missing = componentsOf(profile).filter((component) => !isInstalled(component));
  const option = profile === "control" ? "" : ` --profile ${profile}`;
  const fix = `run: npm run testbed -- install${option}`;
  if (missing.length > 0)
    throw new Refused(`not installed: ${missing.map(({ name }) => name).join(", ")}; ${fix}`, 1);
  if (runningSandbox(place) !== undefined)
    throw new Refused(`the testbed "${place.name}" is up; run: npm run testbed -- down`, 4);
}

/** Starts a testbed and returns when it is ready. What failed or was interrupted is taken down again. */
export async function up(
  place: Place,
  profile: Profile,
  signal: AbortSignal,
  onStep: (step: string, ms: number) => void,
): Promise<void> {
  checkBefore(place, profile);
  const parts = componentsOf(profile);
  const programs = Object.fromEntries(parts.map((one) => [one.name, programOf(one)]));
  await makePlace(place);
  try {
    if (profile === "node")
      refuse(profile, await tryKernel(toolRunner(signal), place, programs["iptables"] ?? ""));
    const main = join(import.meta.dirname, "../inside/main.ts");
    const options = ["--conditions=@cocktail/source", main, profile];
    const words = [...options, JSON.stringify(place), JSON.stringify(programs)];
    const sandbox = await startSandbox(place, profile, [process.execPath, ...words]);
    writeFileSync(place.runFile, `${JSON.stringify(sandbox)}\n`, { mode: 0o600 });
    await awaitReady(place, sandbox, signal, onStep);
  } catch (error) {
    await down(place);
    throw error;
  }
}

async function makePlace(place: Place): Promise<void> {
  await removeTraces(place); // of one that was killed
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
  await removeTraces(place);
  return sandbox !== undefined;
}

/** What doesn't end with the processes. Of a sandbox that was just killed the last ones may still write. */
async function removeTraces(place: Place): Promise<void> {
  await removeCgroups(place);
  const retries = { maxRetries: 10, retryDelay: 50 };
  await rm(place.directory, { recursive: true, force: true, ...retries });
}
