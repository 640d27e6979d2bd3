import { rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isAlive, type ProcessIdentity, readSchema, stateDirectory } from "@cocktail/local-state";
import { ownFile } from "../cocktail/locate.ts";
import { readState, usingState } from "../cocktail/state-directory.ts";
import { type Command, command } from "../command/command.ts";
import { flag, optionWithDefault } from "../command/option.ts";
import { duration } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { formatDuration } from "../duration.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { line, span } from "../output/view.ts";
import { poll } from "../wait/poll.ts";
import { terminateLeftovers } from "../cocktail/leftovers.ts";

/** The result of `down`. */
export interface DownReport {
  readonly outcome: "stopped" | "already absent";
  readonly dryRun: boolean;
  /** The cocktail.yaml that `down` acted on: the nearest, running or not. */
  readonly file: string;
  readonly pid?: number | undefined;
  /** It did not exit in time and was killed. */
  readonly killed: boolean;
  /** Terminated processes of a killed run, one line each. */
  readonly leftovers: readonly string[];
  /** The state directory that --purge removed. */
  readonly purged?: string | undefined;
  /** The schema that --purge leaves in the database of COCKTAIL_DATABASE_URL. */
  readonly schemaLeft?: string | undefined;
}

export const down: Command = command({
  path: ["down"],
  summary: "Stop every process; the state is kept for the next up",
  details: [
    "Does nothing if no cocktail runs. --purge also deletes .cocktail/: the database, logs and worktrees, including uncommitted work. If the state is in the database of COCKTAIL_DATABASE_URL, it prints the schema to drop.",
  ],
  options: {
    purge: flag("also delete the state, including worktrees with uncommitted work"),
    waitTimeout: optionWithDefault(
      duration,
      "1m",
      "kill processes that have not exited after this time",
    ),
    dryRun: flag("print what would be stopped and deleted, and change nothing"),
  },
  examples: [
    { text: "stop, and keep the state", command: "cocktail down" },
    { text: "stop, and delete the state", command: "cocktail down --purge" },
  ],
  run: async (context, { options }): Promise<DownReport> => {
    const facts = await gather(context, options.purge);
    const { file, run, purged, schemaLeft } = facts;
    const outcome = run === undefined ? "already absent" : "stopped";
    const report = { outcome, file, pid: run?.pid, purged, schemaLeft } as const;
    if (options.dryRun) return { ...report, dryRun: true, killed: false, leftovers: [] };
    const killed = run !== undefined && !(await stop(context, run, options.waitTimeout));
    // A killed run leaves its processes behind, whoever killed it, also while it stopped; so may one that was still starting.
    const mayHaveLeftovers = facts.hasState && (!facts.isServing || (await wasKilled(file)));
    const leftovers = mayHaveLeftovers ? await terminateLeftovers(file) : [];
    if (purged !== undefined) await purge(context, dirname(file));
    return { ...report, dryRun: false, killed, leftovers };
  },
  view: ({ outcome, dryRun, file, pid, killed, leftovers, purged, schemaLeft }) => {
    const verb = dryRun && outcome === "stopped" ? "would be stopped" : outcome;
    return [
      line(
        span("strong", "cocktail"),
        ` ${verb}`,
        span("dim", pid === undefined ? `  ${file}` : `  process ${pid}`),
      ),
      ...(killed ? [line(span("warn", "killed"), ": it did not exit in time")] : []),
      ...leftovers.map((text) => line(span("warn", "terminated"), `: ${text}`)),
      ...(purged === undefined
        ? []
        : [line(span("strong", purged), dryRun ? " would be deleted" : " deleted")]),
      ...(schemaLeft === undefined
        ? []
        : [
            line(
              span("warn", "left"),
              `: schema ${schemaLeft} in the database of COCKTAIL_DATABASE_URL; to delete it: DROP SCHEMA ${schemaLeft} CASCADE`,
            ),
          ]),
    ];
  },
  names: ({ outcome }) => [outcome],
});

interface Facts {
  readonly file: string;
  /** The live run, serving, starting or stopping. */
  readonly run: ProcessIdentity | undefined;
  /** It has written its run file. */
  readonly isServing: boolean;
  readonly hasState: boolean;
  readonly purged: string | undefined;
  /** Set if the state is in the user's own database, from which nothing is deleted. */
  readonly schemaLeft: string | undefined;
}

async function gather(context: Context, wantsPurge: boolean): Promise<Facts> {
  const file = await ownFile(context.file, context.cwd);
  const directory = dirname(file);
  const { root, schema } = stateDirectory(directory);
  const hasState = (await stat(root).catch(() => undefined)) !== undefined;
  const { written, holder } = await readState(directory);
  const serving = written !== undefined && isAlive(written) ? written : undefined;
  return {
    file,
    run: serving ?? holder,
    isServing: serving !== undefined,
    hasState,
    purged: wantsPurge && hasState ? root : undefined,
    schemaLeft: wantsPurge ? await usingState(directory, () => readSchema(schema)) : undefined,
  };
}

/** Of a run that has ended: a clean stop removes the run file last. */
async function wasKilled(file: string): Promise<boolean> {
  return (await readState(dirname(file))).written !== undefined;
}

/** False if it had to be killed. */
async function stop(
  context: Context,
  run: ProcessIdentity,
  timeoutSeconds: number,
): Promise<boolean> {
  signalProcess(run.pid, "SIGTERM");
  const waiting = context.progress.wait("stop");
  const began = context.now();
  waiting.state("finishing requests in flight, then stopping every process");
  const gone = async (): Promise<true | undefined> => (isAlive(run) ? undefined : true);
  const { signal, now } = context;
  try {
    if ((await poll({ signal, timeoutSeconds }, gone)) === true) {
      waiting.end("good", "every process stopped");
      return true;
    }
    signalProcess(run.pid, "SIGKILL");
    if ((await poll({ signal, timeoutSeconds: 10 }, gone)) !== true) throw unkillable(run.pid);
  } catch (error) {
    waiting.end("warn", "stopped waiting");
    throw error;
  }
  waiting.end("warn", `killed after ${formatDuration((now() - began) / 1000)}`);
  return false;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it has exited meanwhile.
    if (Reflect.get(Object(error), "code") !== "EPERM") return;
    throw new Failure(
      {
        code: "NOT_PERMITTED",
        message: `process ${pid} belongs to another user and cannot be stopped`,
        fix: "run cocktail down as the user that started it",
      },
      { cause: error },
    );
  }
}

function unkillable(pid: number): Failure {
  return new Failure({
    code: "TIMEOUT",
    message: `process ${pid} was killed but does not exit`,
    fix: "check why the system does not end it (a blocked disk?), then: cocktail down",
    retryable: true,
    exitCode: exitCodes.timeout,
  });
}

/** Deletes `.cocktail/` and unregisters its worktrees from their repositories. */
async function purge(context: Context, directory: string): Promise<void> {
  const { root, worktrees } = stateDirectory(directory);
  const { prepareUnregister } = await import("../cocktail/worktrees.ts");
  const unregister = await prepareUnregister(worktrees);
  await usingState(directory, () => rm(root, { recursive: true, force: true, maxRetries: 3 }));
  await unregister();
  context.progress.done("purged", root);
}
