import { dirname } from "node:path";
import { ended, startLocal } from "../cocktail/local-process.ts";
import { ownFile } from "../cocktail/locate.ts";
import type { StatusReport } from "../cocktail/read-status.ts";
import { prepareState, readState } from "../cocktail/state-directory.ts";
import { lastLogLines, logPath, openLog } from "../cocktail/state-log.ts";
import { type Command, command } from "../command/command.ts";
import { flag, option } from "../command/option.ts";
import { port } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { printable } from "../output/display-width.ts";
import { layout } from "../output/layout.ts";
import { coloured, plain } from "../output/paint.ts";
import { gap, line, span, type View } from "../output/view.ts";
import { statusView } from "../views/status-view.ts";
import { awaitStart, type Start, type StartOptions } from "../wait/await-start.ts";
import { poll } from "../wait/poll.ts";
import { waitOptions } from "./shared-options.ts";

/** How `up` ended: `running` after --detach, else why it stopped. */
export interface UpReport {
  readonly state: "running" | "stopped";
  readonly pid: number;
  readonly log?: string | undefined;
  readonly waited: Start["waited"] | "NotWaited";
  readonly status?: StatusReport | undefined;
  /** Of the foreground run; 130 after Ctrl-C. */
  readonly exitCode: ExitCode;
}

export const up: Command = command({
  path: ["up"],
  summary:
    "Start the cocktail of a cocktail.yaml: every service's stable, the gateway, the control plane",
  details: [
    "In the foreground it prints what the services write, until Ctrl-C. With --detach it goes on by itself once it is ready. State is kept in .cocktail/ beside the file: the next up restores branches and environments, and clears what a killed run left behind.",
  ],
  options: {
    port: option(port, "of the edge; 0 is any (default: 8080)", { short: "-p" }),
    detach: flag("run in the background", { short: "-d" }),
    ...waitOptions,
  },
  examples: [
    { text: "in the foreground", command: "cocktail up" },
    { text: "in the background, on a free port", command: "cocktail up --detach --port 0" },
    { text: "of another directory", command: "cocktail up -f examples/hello/cocktail.yaml" },
  ],
  run: async (context, { options }): Promise<UpReport> => {
    const file = await ownFile(context.file, context.cwd);
    await refuseSecond(file);
    await prepareState(dirname(file));
    return await (options.detach ? upDetached : upForeground)(context, file, options);
  },
  view: ({ status, log, state, pid }, { now }) => {
    if (state === "stopped") return [];
    const fields: (readonly [string, string])[] = [
      ["next", "cocktail status, cocktail branch deploy, cocktail down"],
    ];
    if (log !== undefined) fields.unshift(["log", log]);
    const seen =
      status === undefined
        ? [line(span("strong", "cocktail"), " is starting", span("dim", `  process ${pid}`))]
        : [...statusView(status, now()), gap];
    return [...seen, { kind: "fields", fields }];
  },
  names: ({ status }) => (status?.services ?? []).map(({ name }) => `service/${name}`),
  failure: upFailure,
  exitCode: ({ exitCode }) => exitCode,
});

interface UpFlags {
  readonly port: number | undefined;
  readonly wait: boolean;
  readonly waitTimeout: number;
}

async function upDetached(context: Context, file: string, flags: UpFlags): Promise<UpReport> {
  const directory = dirname(file);
  const log = await openLog(directory);
  const child = startLocal({ file, port: flags.port, env: context.env, output: log.fd });
  const exit = ended(child);
  await log.close();
  const pid = child.pid ?? 0;
  const base = {
    state: "running",
    pid,
    log: logPath(directory),
    exitCode: exitCodes.done,
  } as const;
  child.unref();
  const gone = new AbortController();
  void exit.then(() => gone.abort(new Error("cocktail-local ended")));
  const exited = gone.signal;
  const { waitTimeout: timeoutSeconds } = flags;
  const isFound = await awaitLock({ directory, pid, exited });
  context.signal.throwIfAborted();
  if (isFound && !flags.wait) return { ...base, waited: "NotWaited" };
  if (isFound) {
    const start = await awaitStart(context, { directory, pid, exited, timeoutSeconds });
    if (start.waited !== "Exited") return { ...base, waited: start.waited, status: start.report };
  }
  const { code, signal } = await exit;
  const said = await lastLogLines(directory, 40);
  throw exitedFailure({ exitCode: exitCodeOf(code), signal, wasReady: false, said });
}

/**
 * Also who does not wait, or presses Ctrl-C, gets a process that `down` can find. False where it ended before, as over a
 * wrong file.
 */
async function awaitLock({
  directory,
  pid,
  exited: signal,
}: Pick<StartOptions, "directory" | "pid" | "exited">): Promise<boolean> {
  return await poll({ signal, timeoutSeconds: lockSeconds }, async () =>
    (await readState(directory)).holder?.pid === pid ? true : undefined,
  ).then(
    () => true,
    () => false,
  );
}

/** It is the first thing that a start does. */
const lockSeconds = 15;

async function upForeground(context: Context, file: string, flags: UpFlags): Promise<UpReport> {
  const directory = dirname(file);
  const child = startLocal({ file, port: flags.port, env: context.env, output: "inherit" });
  const pid = child.pid ?? 0;
  const stop = (): void => void child.kill("SIGTERM");
  if (context.signal.aborted) stop();
  context.signal.addEventListener("abort", stop, { once: true });
  context.onSecondInterrupt(stop);
  const gone = new AbortController();
  const exit = ended(child).finally(() => gone.abort(new Error("cocktail-local ended")));
  const announced = flags.wait && announce(context, { directory, pid, gone: gone.signal, flags });
  const { code, signal } = await exit;
  const wasReady = await announced;
  context.signal.removeEventListener("abort", stop);
  const report = { state: "stopped", pid, waited: "NotWaited" } as const;
  const reason: unknown = context.signal.reason;
  if (reason instanceof Failure) return { ...report, exitCode: reason.exitCode };
  if (code === 0) return { ...report, exitCode: exitCodes.done };
  throw exitedFailure({ exitCode: exitCodeOf(code), signal, wasReady, said: [] });
}

interface Announcement {
  readonly directory: string;
  readonly pid: number;
  readonly gone: AbortSignal;
  readonly flags: UpFlags;
}

/** Says on stderr where everything is, once it is; stdout belongs to the services. False where it never came so far. */
async function announce(
  context: Context,
  { directory, pid, gone, flags }: Announcement,
): Promise<boolean> {
  try {
    const { report, waited } = await awaitStart(context, {
      directory,
      pid,
      exited: gone,
      timeoutSeconds: flags.waitTimeout,
    });
    if (report === undefined || waited === "Exited") return false;
    const view: View = [
      gap,
      ...statusView(report, context.now()),
      gap,
      { kind: "line", cells: [span("dim", "Ctrl-C stops it")] },
    ];
    for (const text of layout(view, context.colour ? coloured : plain, false).split("\n"))
      context.progress.note(text);
    return true;
  } catch {
    // Interrupted while waiting: how it ended is told by the process itself.
    return false;
  }
}

async function refuseSecond(file: string): Promise<void> {
  const { live, holder } = await readState(dirname(file));
  const process = live ?? holder;
  if (process === undefined) return;
  const where = live === undefined ? ", which is starting or stopping" : `, at ${live.edge}`;
  throw new Failure({
    code: "RUNNING",
    message: `the cocktail of ${file} is already running, as process ${process.pid}${where}`,
    fix: "see it: cocktail status; end it: cocktail down",
    exitCode: exitCodes.conflict,
  });
}

function upFailure({ waited, status }: UpReport): Failure | undefined {
  const bad = (status?.variants ?? []).filter(
    ({ tier, conditions }) =>
      tier === "stable" && conditions.find(({ type }) => type === "Ready")?.status !== "True",
  );
  const names = bad.map(({ name }) => name).join(", ");
  const fix = `it runs nevertheless; see why: cocktail logs ${bad[0]?.service ?? ""}`;
  if (waited === "Failed")
    return new Failure({ code: "VARIANT_FAILED", message: `not ready: ${names}`, fix });
  if (waited !== "TimedOut") return undefined;
  return new Failure({
    code: "TIMEOUT",
    message:
      names === "" ? "the control plane was not ready in time" : `not ready in time: ${names}`,
    fix: names === "" ? "see .cocktail/logs/cocktail.log" : fix,
    retryable: true,
    exitCode: exitCodes.timeout,
  });
}

/** Its own exit codes mean the same as ours. */
function exitCodeOf(code: number | null): ExitCode {
  return Object.values(exitCodes).find((known) => known === code && known !== 0) ?? exitCodes.error;
}

interface Exited {
  readonly exitCode: ExitCode;
  readonly signal: NodeJS.Signals | null;
  readonly wasReady: boolean;
  /** The last lines of its log, where nobody has seen them yet. */
  readonly said: readonly string[];
}

function exitedFailure({ exitCode, signal, wasReady, said }: Exited): Failure {
  const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
  const code =
    exitCode === exitCodes.conflict
      ? "RUNNING"
      : exitCode === exitCodes.usage
        ? "SPEC_INVALID"
        : "COCKTAIL_EXITED";
  return new Failure({
    code,
    message: [
      `cocktail-local ${how}${wasReady ? "" : " before it was ready"}`,
      ...said.map((text) => printable(text)),
    ].join("\n"),
    fix: wasReady
      ? "start it again, which ends what may be left: cocktail up"
      : "correct what it says, then: cocktail up; what may be in the way: cocktail doctor",
    exitCode,
  });
}
