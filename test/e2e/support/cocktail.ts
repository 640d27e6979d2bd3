import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

const bin = resolve(import.meta.dirname, "../../../apps/cli/bin/cocktail.js");

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `.cocktail/run.json` says of a running cocktail. */
const runFile = z.object({
  pid: z.number(),
  api: z.string(),
  edge: z.string(),
  token: z.string(),
  runId: z.string(),
});
export type RunFile = Readonly<z.infer<typeof runFile>>;

/** A cocktail of its own in a temporary directory, driven by the command line as a user drives it. */
export interface Cocktail extends AsyncDisposable {
  readonly directory: string;
  /** `host:port` of the edge. */
  readonly edge: string;
  readonly run: RunFile;
  cocktail(...args: readonly string[]): Promise<Finished>;
  /** As `cocktail`, and throws with everything it printed when the exit code is another than 0. */
  ok(...args: readonly string[]): Promise<string>;
  /** After an `up` that a test did by itself. */
  reload(): Promise<void>;
}

interface StartOptions {
  /** Where below `files` the cocktail.yaml is; `files` itself by default. */
  readonly below?: string;
  /** Variables that its services inherit. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Copies `files` (a directory) to a temporary place and starts the cocktail there. */
export async function startCocktail(files: string, options: StartOptions = {}): Promise<Cocktail> {
  const copy = await mkdtemp(join(tmpdir(), "cocktail-e2e-"));
  await cp(files, copy, { recursive: true });
  const directory = join(copy, options.below ?? ".");
  const env = { ...process.env, ...options.env };
  const cocktail = (...args: readonly string[]): Promise<Finished> =>
    runCommand(args, directory, { env });
  const ok = async (...args: readonly string[]): Promise<string> => {
    const finished = await cocktail(...args);
    if (finished.code === 0) return finished.stdout;
    throw new Error(
      `cocktail ${args.join(" ")} exited ${finished.code}\n${finished.stderr}${finished.stdout}`,
    );
  };
  await ok("up", "--detach", "--port", "0");
  let state = await readRun(directory);
  return {
    directory,
    get run() {
      return state;
    },
    get edge() {
      return new URL(state.edge).host;
    },
    cocktail,
    ok,
    reload: async () => {
      state = await readRun(directory);
    },
    [Symbol.asyncDispose]: async () => {
      await cocktail("down", "--purge");
      await rm(copy, { recursive: true, force: true });
    },
  };
}

/** The run file of a cocktail that serves; throws where there is none, or it is not serving yet. */
export async function readRun(directory: string): Promise<RunFile> {
  const text = await readFile(join(directory, ".cocktail", "run.json"), "utf8");
  return runFile.parse(JSON.parse(text));
}

/** What a command is given besides its arguments and directory. */
export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly onSpawn?: (pid: number) => void;
}

/** Runs the command line in a directory, to its end. */
export async function runCommand(
  args: readonly string[],
  cwd: string,
  { env = process.env, onSpawn }: CommandOptions = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...env, NO_COLOR: "1" },
  });
  if (child.pid !== undefined) onSpawn?.(child.pid);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number>((settle, fail) => {
    child.once("error", fail);
    child.once("close", (status) => settle(status ?? -1));
  });
  return { code, stdout, stderr };
}
