import { randomUUID } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CocktailClient, createClient } from "@cocktail/client";
import { type Finished, readRun, runCommand } from "../support/cocktail.ts";
import { signal } from "./fault.ts";
import { findTargets, marked } from "./processes.ts";
import { makeUserRepository, type UserRepository } from "./repository.ts";

const fixture = join(import.meta.dirname, "../fixtures/crash");

/** One cocktail and its user's repository, which many schedules use one after the other. */
export interface Lane extends AsyncDisposable {
  readonly directory: string;
  readonly repository: UserRepository;
  /** `NAME=value` in the environment of everything that its commands start. */
  readonly mark: string;
  command(args: readonly string[], onSpawn?: (pid: number) => void): Promise<Finished>;
  isRunning(): boolean;
  /** Of the cocktail that runs now. */
  client(): Promise<CocktailClient>;
  /** `host:port` */
  edge(): Promise<string>;
  runId(): Promise<string>;
  /** Writes the entries' generations into cocktail.yaml. */
  edit(generations: Readonly<Record<string, number>>): Promise<void>;
  /** Files in the directories that commands were given as home and for temporary files. */
  strayFiles(): Promise<readonly string[]>;
}

const open = new Set<Lane>();

/** Ends every cocktail that is there, whatever its schedule is at. */
export async function endLanes(): Promise<void> {
  await Promise.allSettled([...open].map((lane) => lane[Symbol.asyncDispose]()));
}

export async function openLane(): Promise<Lane> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "cocktail-crash-")));
  const [directory, home, temporary] = ["user", "home", "tmp"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  await cp(fixture, directory, { recursive: true });
  await Promise.all([mkdir(home), mkdir(temporary)]);
  const repository = makeUserRepository(directory);
  const id = randomUUID();
  const env = {
    ...process.env,
    CRASH_LANE: id,
    HOME: home,
    TMPDIR: temporary,
    XDG_CONFIG_HOME: home,
  };
  const template = readFileSync(join(fixture, "cocktail.yaml"), "utf8");
  const run = (): ReturnType<typeof readRun> => readRun(directory);
  const command: Lane["command"] = (args, onSpawn) =>
    runCommand(args, directory, { env, ...(onSpawn && { onSpawn }) });
  const end = async (): Promise<void> => {
    open.delete(lane);
    await command(["down", "--purge"]);
    // What a bug has left must not disturb what comes next.
    for (const { pid } of marked(lane.mark)) signal(pid, "SIGKILL");
    await rm(root, { recursive: true, force: true });
  };
  let ended: Promise<void> | undefined;
  const lane: Lane = {
    directory,
    repository,
    mark: `CRASH_LANE=${id}`,
    command,
    isRunning: () => findTargets(directory, "main").length > 0,
    client: async () => {
      const { api, token } = await run();
      return createClient({ baseUrl: api, token, timeoutMs: 10_000 });
    },
    edge: async () => new URL((await run()).edge).host,
    runId: async () => (await run()).runId,
    edit: async (generations) => {
      let text = template;
      for (const [service, generation] of Object.entries(generations)) {
        const entry = new RegExp(`(name: ${service}\\n[^]*?GENERATION: )"[0-9]+"`);
        text = text.replace(entry, `$1"${generation}"`);
      }
      await writeFile(join(directory, "cocktail.yaml"), text);
    },
    strayFiles: async () =>
      (
        await Promise.all([home, temporary].map((place) => readdir(place, { recursive: true })))
      ).flat(),
    [Symbol.asyncDispose]: async () => {
      ended ??= end();
      await ended;
    },
  };
  open.add(lane);
  return lane;
}
