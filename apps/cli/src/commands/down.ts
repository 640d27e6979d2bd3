import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
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
import { endLeftovers } from "../cocktail/leftovers.ts";

/** What `down` did. */
export interface DownReport {
  readonly outcome: "stopped" | "already absent";
  readonly dryRun: boolean;
  /** The cocktail.yaml that was meant: the nearest, whether or not it runs. */
  readonly file: string;
  readonly pid?: number | undefined;
  /** It did not end in time and had to be killed. */
  readonly killed: boolean;
  /** Processes of a killed run that were ended, one line each. */
  readonly leftovers: readonly string[];
  /** The state directory, where --purge removed it. */
  readonly purged?: string | undefined;
  /** The schema in which COCKTAIL_DATABASE_URL still holds the state that is otherwise purged. */
  readonly schemaLeft?: string | undefined;
}

export const down: Command = command({
  path: ["down"],
  summary: "Stop every process; the state is kept for the next up",
  details: [
    "Does nothing where nothing runs. --purge also deletes .cocktail/: the database, logs and worktrees, with whatever is uncommitted in them. Of a database that COCKTAIL_DATABASE_URL names it tells which schema to drop.",
  ],
  options: {
    purge: flag("delete the state too, worktrees with uncommitted work included"),
    waitTimeout: optionWithDefault(
      duration,
      "1m",
      "kill processes that have not ended after this time",
    ),
    dryRun: flag("say what would be stopped and deleted, and change nothing"),
  },
  examples: [
    { text: "stop, and go on tomorrow", command: "cocktail down" },
    { text: "stop, and forget everything", command: "cocktail down --purge" },
  ],
  run: async (context, { options }): Promise<DownReport> => {
    const facts = await gather(context, options.purge);
    const { file, run, purged, schemaLeft } = facts;
    const outcome = run === undefined ? "already absent" : "stopped";
    const report = { outcome, file, pid: run?.pid, purged, schemaLeft } as const;
    if (options.dryRun) return { ...report, dryRun: true, killed: false, leftovers: [] };
    const killed = run !== undefined && !(await stop(context, run, options.waitTimeout));
    // A killed run ends nothing behind it, whether we killed it or somebody else did; nor may one that had only begun.
    const mayLeave = (killed || !facts.isWhole) && facts.hasState;
    const leftovers = mayLeave ? await endLeftovers(file) : [];
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
      ...(killed ? [line(span("warn", "killed"), ": it did not end in time")] : []),
      ...leftovers.map((text) => line(span("warn", "ended"), `: ${text}`)),
      ...(purged === undefined
        ? []
        : [line(span("strong", purged), dryRun ? " would be deleted" : " deleted")]),
      ...(schemaLeft === undefined
        ? []
        : [
            line(
              span("warn", "left"),
              `: in the database of COCKTAIL_DATABASE_URL; DROP SCHEMA ${schemaLeft} CASCADE`,
            ),
          ]),
    ];
  },
  names: ({ outcome }) => [outcome],
});

interface Facts {
  readonly file: string;
  /** A run that is alive. */
  readonly run: ProcessIdentity | undefined;
  /** It got as far as writing where it listens. */
  readonly isWhole: boolean;
  readonly hasState: boolean;
  readonly purged: string | undefined;
  /** It was chosen where the state was in a database of the user's, from which nothing is deleted. */
  readonly schemaLeft: string | undefined;
}

async function gather(context: Context, wantsPurge: boolean): Promise<Facts> {
  const file = await ownFile(context.file, context.cwd);
  const directory = dirname(file);
  const { root, schema } = stateDirectory(directory);
  const hasState = (await stat(root).catch(() => undefined)) !== undefined;
  const { written, holder } = await readState(directory);
  const whole = written !== undefined && isAlive(written) ? written : undefined;
  return {
    file,
    run: whole ?? holder,
    isWhole: whole !== undefined,
    hasState,
    purged: wantsPurge && hasState ? root : undefined,
    schemaLeft: wantsPurge ? await usingState(directory, () => readSchema(schema)) : undefined,
  };
}

/** False where it had to be killed. */
async function stop(
  context: Context,
  run: ProcessIdentity,
  timeoutSeconds: number,
): Promise<boolean> {
  signalProcess(run.pid, "SIGTERM");
  const waiting = context.progress.wait("stop");
  const began = context.now();
  waiting.state("finishing requests, then ending every process");
  const gone = async (): Promise<true | undefined> => (isAlive(run) ? undefined : true);
  const { signal, now } = context;
  try {
    if ((await poll({ signal, timeoutSeconds }, gone)) === true) {
      waiting.end("good", "every process ended");
      return true;
    }
    signalProcess(run.pid, "SIGKILL");
    if ((await poll({ signal, timeoutSeconds: 10 }, gone)) !== true) throw unkillable(run.pid);
  } catch (error) {
    waiting.end("warn", "no longer waited for");
    throw error;
  }
  waiting.end("warn", `killed after ${formatDuration((now() - began) / 1000)}`);
  return false;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it ended meanwhile.
    if (Reflect.get(Object(error), "code") !== "EPERM") return;
    throw new Failure(
      {
        code: "NOT_PERMITTED",
        message: `process ${pid} belongs to another user and can't be ended`,
        fix: "run cocktail down as the user that started it",
      },
      { cause: error },
    );
  }
}

function unkillable(pid: number): Failure {
  return new Failure({
    code: "TIMEOUT",
    message: `process ${pid} was killed and does not end`,
    fix: "see what holds it (its disk?), then: cocktail down",
    retryable: true,
    exitCode: exitCodes.timeout,
  });
}

/** Deletes `.cocktail/`, and tells the repositories that the worktrees in it are gone. */
async function purge(context: Context, directory: string): Promise<void> {
  const { root, worktrees } = stateDirectory(directory);
  const { forgetWorktrees } = await import("../cocktail/worktrees.ts");
  const names = await readdir(worktrees).catch(() => []);
  const forget = await forgetWorktrees(names.map((name) => join(worktrees, name)));
  await usingState(directory, () => rm(root, { recursive: true, force: true, maxRetries: 3 }));
  await forget();
  context.progress.done("purged", root);
}
