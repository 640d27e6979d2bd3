import { dirname } from "node:path";
import { filesUpward, givenFile } from "../cocktail/locate.ts";
import { readStatus } from "../cocktail/read-status.ts";
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

/** The readiness of the running cocktail and its variants. */
export async function checkHealth(
  run: LiveRun,
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
    const moved = report.variants.flatMap(({ name, conditions }) => {
      const found = conditions.find(({ reason }) => reason === "WorkingCopyMoved");
      return found === undefined ? [] : [{ name, message: found.message }];
    });
    const names = down.map(({ name }) => name).join(", ");
    const [first] = down;
    return [
      readiness.ready
        ? ok("control plane", `ready, epoch ${report.epoch}`)
        : warning(
            "control plane",
            readiness.reasons.join("; "),
            first === undefined
              ? "wait a moment, then see: cocktail logs"
              : "mend the variants below",
          ),
      first === undefined
        ? ok("variants", `${report.variants.length} ready`)
        : warning(
            "variants",
            `not ready: ${names}`,
            `cocktail branch get ${first.name}; cocktail logs ${first.name}; when it is fixed: cocktail restart ${first.name}`,
          ),
      ...moved.map(({ name, message }) =>
        warning(
          "working copy",
          message,
          `switch back, or run what is there: cocktail restart ${name}; ref: in cocktail.yaml keeps stable at one commit`,
        ),
      ),
    ];
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    return [failed("control plane", why, "restart it: cocktail down, then cocktail up")];
  }
}
