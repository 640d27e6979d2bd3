import { dirname } from "node:path";
import { isAlive } from "@cocktail/embedded-postgres/internal";
import { filesUpward, givenFile } from "../cocktail/locate.ts";
import { readStatus } from "../cocktail/read-status.ts";
import { lockHolder } from "../cocktail/lock-file.ts";
import { type ProcessName, readRunFile, type RunFile } from "../cocktail/run-file.ts";
import { type CheckResult, failed, ok, warning } from "./check.ts";

export interface Found {
  readonly file: string | undefined;
  readonly run: RunFile | undefined;
  readonly isAlive: boolean;
  /** Who holds the state directory, where there is no live run file: one that is starting or stopping. */
  readonly holder?: ProcessName | undefined;
}

/** The nearest cocktail, and whether its process lives. */
export async function findCocktail(file: string | undefined, cwd: string): Promise<Found> {
  const path = file === undefined ? (await filesUpward(cwd))[0] : await givenFile(file, cwd);
  if (path === undefined) return { file: undefined, run: undefined, isAlive: false };
  const run = await readRunFile(dirname(path));
  if (run !== undefined && run.api !== "" && isAlive(run))
    return { file: path, run, isAlive: true };
  return { file: path, run, isAlive: false, holder: await lockHolder(dirname(path)) };
}

export function checkFile({ file }: Found): CheckResult {
  return file === undefined
    ? warning("cocktail.yaml", "none here or above", "write one: docs/reference/cocktail-yaml.md")
    : ok("cocktail.yaml", file);
}

/** A run file without its process: a run that was killed. */
export function checkRun({ file, run, isAlive: alive, holder }: Found): CheckResult {
  if (holder !== undefined)
    return warning(
      "run",
      `process ${holder.pid} is starting or stopping`,
      "try again in a moment; what it says: .cocktail/logs/cocktail.log",
    );
  if (run === undefined)
    return ok("run", file === undefined ? "nothing to look for" : "not running");
  if (alive) return ok("run", `process ${run.pid}, at ${run.edge}`);
  return warning(
    "run",
    `process ${run.pid} was killed; its services may still run`,
    "cocktail up ends them and restores branches and environments; cocktail down only ends them",
  );
}

/** What the running cocktail says of itself. */
export async function checkHealth(
  run: RunFile,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const { createClient } = await import("@cocktail/client");
  const api = createClient({ baseUrl: run.api, token: run.token, timeoutMs: 5000 });
  try {
    const readiness = await api.readiness({ signal });
    const report = await readStatus(api, signal);
    const down = report.variants.filter(
      ({ conditions }) => conditions.find(({ type }) => type === "Ready")?.status !== "True",
    );
    const names = down.map(({ name }) => name).join(", ");
    const [first] = down;
    return [
      readiness.ready
        ? ok("control plane", `ready, epoch ${report.epoch}`)
        : warning(
            "control plane",
            readiness.reasons.join("; "),
            "wait a moment; then: cocktail logs",
          ),
      first === undefined
        ? ok("variants", `${report.variants.length} ready`)
        : warning(
            "variants",
            `not ready: ${names}`,
            `cocktail branch get ${first.name}; cocktail logs ${first.name}`,
          ),
    ];
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    return [failed("control plane", why, "cocktail down, then cocktail up")];
  }
}
