import type { Variant } from "@cocktail/client";
import { type LiveRun, readState } from "../cocktail/state-directory.ts";
import type { Context } from "../command/context.ts";
import { readStatus, type StatusReport, withLastOutput } from "../cocktail/read-status.ts";
import { siteUrl } from "../views/exposure-view.ts";
import { describeCondition, hasFailed, readyCondition } from "./await-variant.ts";
import { poll } from "./poll.ts";

export interface Start {
  readonly waited: "Ready" | "Failed" | "TimedOut" | "Exited";
  readonly run: LiveRun | undefined;
  readonly report: StatusReport | undefined;
}

export interface StartOptions {
  readonly directory: string;
  readonly pid: number;
  /** Aborted when the process has exited. */
  readonly exited: AbortSignal;
  readonly timeoutSeconds: number;
}

/** Waits until the control plane responds, and then until every stable variant is served or has failed. */
export async function awaitStart(context: Context, options: StartOptions): Promise<Start> {
  const { directory, pid, exited, timeoutSeconds } = options;
  const waiting = context.progress.wait("start");
  const { createClient } = await import("@cocktail/client");
  const signal = AbortSignal.any([context.signal, exited]);
  let run: LiveRun | undefined;
  let report: StatusReport | undefined;
  const settled = await poll({ signal, timeoutSeconds }, async () => {
    ({ live: run } = await readState(directory));
    if (run?.pid !== pid || !run.ready) {
      waiting.state(
        run?.pid === pid ? "starting the control plane and the gateway" : "starting the database",
      );
      return undefined;
    }
    const api = createClient({ baseUrl: run.api, token: run.token });
    report = await readStatus(api, signal);
    const stable = stableOf(report);
    waiting.state(describeStart(stable));
    if (stable.some((variant) => !isReady(variant) && !hasFailed(variant))) return undefined;
    return stable.every(isReady) ? ("Ready" as const) : ("Failed" as const);
  }).catch((error: unknown) => {
    if (exited.aborted && !context.signal.aborted) return "Exited" as const;
    waiting.end("warn", "stopped waiting");
    throw error;
  });
  const waited = settled ?? "TimedOut";
  if (waited === "Ready") waiting.end("good", describeReady(report));
  else
    waiting.end(
      "bad",
      waited === "Exited" ? "cocktail-local exited" : describeStartFailure(report),
    );
  return await withReasons({ waited, run, report }, signal);
}

/** Of a start that didn't succeed, what the failing variants printed. */
async function withReasons(start: Start, signal: AbortSignal): Promise<Start> {
  const { waited, run, report } = start;
  const isOver = waited === "Failed" || waited === "TimedOut";
  if (!isOver || run === undefined || report === undefined) return start;
  const { createClient } = await import("@cocktail/client");
  const api = createClient({ baseUrl: run.api, token: run.token });
  return { ...start, report: await withLastOutput(api, report, signal) };
}

function stableOf({ variants }: StatusReport): readonly Variant[] {
  return variants.filter(({ tier }) => tier === "stable");
}

function describeStartFailure(report: StatusReport | undefined): string {
  return report === undefined
    ? "the control plane does not respond yet"
    : describeStart(stableOf(report));
}

function describeReady(report: StatusReport | undefined): string {
  if (report === undefined) return "served";
  return `${count(report.services.length)} served at ${siteUrl(report).origin}`;
}

function isReady(variant: Variant): boolean {
  return readyCondition(variant.conditions)?.status === "True";
}

function describeStart(stable: readonly Variant[]): string {
  const pending = stable.filter((variant) => !isReady(variant));
  const ready = `${stable.length - pending.length} of ${count(stable.length)} ready`;
  const [first] = pending;
  if (first === undefined) return ready;
  return `${ready}; ${first.name} ${describeCondition(readyCondition(first.conditions))}`;
}

function count(services: number): string {
  return services === 1 ? "1 service" : `${services} services`;
}
