import { dirname } from "node:path";
import { filesUpward, givenFile } from "../cocktail/locate.ts";
import type { Readiness, Variant } from "@cocktail/client";
import { howToRestart } from "../cocktail/last-output.ts";
import { readFullStatus, type StatusReport } from "../cocktail/read-status.ts";
import { hasFailed, readyCondition } from "../wait/await-variant.ts";
import { type LiveRun, type LocalState, readState } from "../cocktail/state-directory.ts";
import { type CheckResult, failed, ok, warning } from "./check.ts";

/** The nearest cocktail.yaml, if any, and the state of its cocktail. */
export interface Found extends LocalState {
  readonly file: string | undefined;
}

export async function findCocktail(file: string | undefined, cwd: string): Promise<Found> {
  const path = file === undefined ? (await filesUpward(cwd))[0] : await givenFile(file, cwd);
  if (path === undefined)
    return { file: undefined, written: undefined, live: undefined, holder: undefined };
  return { file: path, ...(await readState(dirname(path))) };
}

export function checkFile({ file }: Found): CheckResult {
  return file === undefined
    ? warning(
        "cocktail.yaml",
        "none in this directory or above",
        "write one: docs/reference/cocktail-yaml.md",
      )
    : ok("cocktail.yaml", file);
}

/** A run file without its process means that the run was killed. */
export function checkRun({ file, written, live, holder }: Found): CheckResult {
  if (live !== undefined) return ok("run", `process ${live.pid}, at ${live.edge}`);
  if (holder !== undefined)
    return warning(
      "run",
      `process ${holder.pid} is starting or stopping`,
      "try again in a moment; its log: .cocktail/logs/cocktail.log",
    );
  if (written === undefined)
    return ok("run", file === undefined ? "no cocktail.yaml" : "not running");
  return warning(
    "run",
    `process ${written.pid} was killed; its services may still run`,
    "cocktail up terminates them and restores branches and environments; cocktail down only terminates them",
  );
}

/** The readiness of the running cocktail, its variants and its environments. */
export async function checkHealth(
  run: LiveRun,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const { createClient } = await import("@cocktail/client");
  const api = createClient({ baseUrl: run.api, token: run.token, timeoutMs: 5000 });
  try {
    const readiness = await api.readiness({ signal });
    const report = await readFullStatus(api, signal);
    return [
      checkControlPlane(readiness, report),
      checkVariants(report),
      ...checkEnvironments(report),
      ...checkWorkingCopies(report),
    ];
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    return [failed("control plane", why, "restart it: cocktail down, then cocktail up")];
  }
}

function checkControlPlane(
  { ready, reasons }: Readiness,
  { epoch, variants }: StatusReport,
): CheckResult {
  if (ready) return ok("control plane", `ready, epoch ${epoch}`);
  const fix = variants.some(hasFailed)
    ? "fix the variants below"
    : "wait a moment, then see: cocktail logs";
  return warning("control plane", reasons.join("; "), fix);
}

function checkVariants({ variants, lastOutput = [] }: StatusReport): CheckResult {
  const down = variants.filter(isUnready);
  const [first] = down;
  if (first === undefined) return ok("variants", `${variants.length} ready`);
  const why = down.map(({ name, conditions }) => `${name}: ${reasonOf(conditions)}`).join(", ");
  const fix = `cocktail branch get ${first.name}; cocktail logs ${first.name}; ${howToRestart(first)}`;
  return { ...warning("variants", `not ready: ${why}`, fix), lastOutput };
}

function checkEnvironments({ environments }: StatusReport): readonly CheckResult[] {
  const down = environments.filter((each) => each.kind === "Explicit" && isUnready(each));
  const [first] = down;
  if (first === undefined) return [];
  const why = down.map(({ name, conditions }) => `${name}: ${reasonOf(conditions)}`).join(", ");
  return [warning("environments", `not ready: ${why}`, `cocktail env explain ${first.name}`)];
}

function checkWorkingCopies({ variants }: StatusReport): readonly CheckResult[] {
  return variants.flatMap(({ name, conditions }) => {
    const moved = conditions.find(({ reason }) => reason === "WorkingCopyMoved");
    if (moved === undefined) return [];
    const fix = `switch back, or run what is there: cocktail restart ${name}; ref: in cocktail.yaml keeps stable at one commit`;
    return [warning("working copy", moved.message, fix)];
  });
}

function isUnready({ conditions }: Pick<Variant, "conditions">): boolean {
  return readyCondition(conditions)?.status !== "True";
}

function reasonOf(conditions: Variant["conditions"]): string {
  return readyCondition(conditions)?.reason ?? "Unknown";
}
