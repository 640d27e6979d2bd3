import { dirname } from "node:path";
import { howToRestart } from "../cocktail/last-output.ts";
import { exitOf, type LocalOptions, startLocal } from "../cocktail/local-process.ts";
import { ownFile } from "../cocktail/locate.ts";
import type { StatusReport } from "../cocktail/read-status.ts";
import { prepareState, readState } from "../cocktail/state-directory.ts";
import { lastLogLines, logPath, openLog } from "../cocktail/state-log.ts";
import { type Command, command } from "../command/command.ts";
import { flag, option } from "../command/option.ts";
import { domain, listenAddress, port } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { printable } from "@cocktail/client/printable";
import { layout } from "../output/layout.ts";
import { coloured, plain } from "../output/paint.ts";
import { gap, line, span, type View } from "../output/view.ts";
import { statusView } from "../views/status-view.ts";
import { awaitStart, type Start, type StartOptions } from "../wait/await-start.ts";
import { poll } from "../wait/poll.ts";
import { waitOptions } from "./shared-options.ts";

/** The result of `up`: `running` after --detach, else `stopped`. */
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
    "Start the cocktail of a cocktail.yaml: the stable variant of every service, the gateway, the control plane",
  details: [
    "In the foreground it prints the output of the services until Ctrl-C. With --detach it keeps running in the background, and the command returns once it is ready. State is kept in .cocktail/ beside the file: the next up restores branches and environments, and cleans up after a killed run.",
    "Only this machine reaches it, unless --host names another of its addresses (0.0.0.0: all): then everyone in that network reaches the entry services, in every variant and environment, without a password. The API, the services and the database stay on the loopback. Other machines don't resolve names below localhost: give a --domain that they resolve. Both hold for this run.",
  ],
  options: {
    port: option(port, "the port of the edge; 0 picks a free one (default: 8080)", { short: "-p" }),
    host: option(
      listenAddress,
      "an address on which the edge listens besides the loopback, so that other machines reach it",
    ),
    domain: option(domain, "the parent of the virtual hosts, in place of the file's domain"),
    detach: flag("run in the background", { short: "-d" }),
    ...waitOptions,
  },
  examples: [
    { text: "in the foreground", command: "cocktail up" },
    { text: "in the background, on a free port", command: "cocktail up --detach --port 0" },
    {
      text: "for a phone or a colleague in the same network",
      command: "cocktail up --host 192.168.1.5 --domain 192.168.1.5.nip.io",
    },
    { text: "from another directory", command: "cocktail up -f examples/hello/cocktail.yaml" },
  ],
  run: async (context, { options }): Promise<UpReport> => {
    const file = await ownFile(context.file, context.cwd);
    await refuseIfRunning(file);
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

type EdgeFlags = Pick<LocalOptions, "port" | "host" | "domain">;

interface UpFlags extends EdgeFlags {
  readonly wait: boolean;
  readonly waitTimeout: number;
}

async function upDetached(context: Context, file: string, flags: UpFlags): Promise<UpReport> {
  const directory = dirname(file);
  const log = await openLog(directory);
  const child = startLocal({ ...flags, file, env: context.env, output: log.fd });
  const exit = exitOf(child);
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
  void exit.then(() => gone.abort(new Error("cocktail-local exited")));
  const exited = gone.signal;
  const { waitTimeout: timeoutSeconds } = flags;
  const isLocked = await awaitLock({ directory, pid, exited });
  context.signal.throwIfAborted();
  if (isLocked && !flags.wait) return { ...base, waited: "NotWaited" };
  if (isLocked) {
    const start = await awaitStart(context, { directory, pid, exited, timeoutSeconds });
    if (start.waited !== "Exited") return { ...base, waited: start.waited, status: start.report };
  }
  const { code, signal } = await exit;
  const lastLines = await lastLogLines(directory, 40);
  throw exitedFailure({ exitCode: exitCodeOf(code), signal, wasReady: false, lastLines });
}

/**
 * Waits until the process holds the lock, so that `down` finds it even after --no-wait or Ctrl-C. False if it exited
 * before, for example because of an invalid file.
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

/** Taking the lock is the first step of a start. */
const lockSeconds = 15;

async function upForeground(context: Context, file: string, flags: UpFlags): Promise<UpReport> {
  const directory = dirname(file);
  const child = startLocal({ ...flags, file, env: context.env, output: "inherit" });
  const pid = child.pid ?? 0;
  const stop = (): void => void child.kill("SIGTERM");
  if (context.signal.aborted) stop();
  context.signal.addEventListener("abort", stop, { once: true });
  context.onSecondInterrupt(stop);
  const gone = new AbortController();
  const exit = exitOf(child).finally(() => gone.abort(new Error("cocktail-local exited")));
  const announced = flags.wait && announce(context, { directory, pid, gone: gone.signal, flags });
  const { code, signal } = await exit;
  const wasReady = await announced;
  context.signal.removeEventListener("abort", stop);
  const report = { state: "stopped", pid, waited: "NotWaited" } as const;
  const reason: unknown = context.signal.reason;
  if (reason instanceof Failure) return { ...report, exitCode: reason.exitCode };
  if (code === 0) return { ...report, exitCode: exitCodes.done };
  throw exitedFailure({ exitCode: exitCodeOf(code), signal, wasReady, lastLines: [] });
}

interface Announcement {
  readonly directory: string;
  readonly pid: number;
  readonly gone: AbortSignal;
  readonly flags: UpFlags;
}

/** Prints the status on stderr once everything has started; stdout belongs to the services. False if it exited before. */
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
    // Interrupted while waiting: the exit of the process is reported by the caller.
    return false;
  }
}

async function refuseIfRunning(file: string): Promise<void> {
  const { live, holder } = await readState(dirname(file));
  const process = live ?? holder;
  if (process === undefined) return;
  const state = live === undefined ? "starting or stopping" : `running at ${live.edge}`;
  throw new Failure({
    code: "RUNNING",
    message: `the cocktail of ${file} is already ${state} (process ${process.pid})`,
    fix: "show it: cocktail status; stop it: cocktail down",
    exitCode: exitCodes.conflict,
  });
}

function upFailure({ waited, status }: UpReport): Failure | undefined {
  const bad = (status?.variants ?? []).filter(
    ({ tier, conditions }) =>
      tier === "stable" && conditions.find(({ type }) => type === "Ready")?.status !== "True",
  );
  const names = bad.map(({ name }) => name).join(", ");
  const [first] = bad;
  const log =
    first === undefined ? "cocktail logs" : `cocktail logs ${first.name}; ${howToRestart(first)}`;
  const fix = `the cocktail keeps running; see the log: ${log}`;
  if (waited === "Failed")
    return new Failure({
      code: "VARIANT_FAILED",
      message: `stable variants failed: ${names}`,
      fix,
    });
  if (waited !== "TimedOut") return undefined;
  return new Failure({
    code: "TIMEOUT",
    message:
      names === ""
        ? "the control plane was not ready in time"
        : `stable variants were not ready in time: ${names}`,
    fix: names === "" ? "see .cocktail/logs/cocktail.log" : fix,
    retryable: true,
    exitCode: exitCodes.timeout,
  });
}

/** `cocktail-local` uses the same exit codes. */
function exitCodeOf(code: number | null): ExitCode {
  return Object.values(exitCodes).find((known) => known === code && known !== 0) ?? exitCodes.error;
}

interface Exited {
  readonly exitCode: ExitCode;
  readonly signal: NodeJS.Signals | null;
  readonly wasReady: boolean;
  /** The last lines of its log, if they were not printed yet. */
  readonly lastLines: readonly string[];
}

function exitedFailure({ exitCode, signal, wasReady, lastLines }: Exited): Failure {
  const how = signal === null ? `exited with code ${exitCode}` : `was terminated by ${signal}`;
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
      ...lastLines.map((text) => printable(text)),
    ].join("\n"),
    fix: wasReady
      ? "start it again: cocktail up; it also terminates leftover processes"
      : "fix the reported problem, then: cocktail up; find problems with: cocktail doctor",
    exitCode,
  });
}
