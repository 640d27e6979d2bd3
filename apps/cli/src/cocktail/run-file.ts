import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stateDirectory, usingState } from "./state-directory.ts";

export interface ProcessName {
  readonly pid: number;
  /** Tells the process from a later one of the same number. */
  readonly startTime: string;
}

/** What a running cocktail writes beside its cocktail.yaml, in `.cocktail/run.json`. */
export interface RunFile extends ProcessName {
  readonly runId: string;
  /** Base URL of the control plane; "" until it listens. */
  readonly api: string;
  /** Base URL of the edge; "" until it listens. */
  readonly edge: string;
  readonly token: string;
  readonly ready: boolean;
}

/**
 * Undefined where there is none, or it is not whole: it is replaced atomically, so a broken one is not ours. Throws where it
 * may not be read: that is no sign that nothing runs.
 */
export async function readRunFile(cocktailDirectory: string): Promise<RunFile | undefined> {
  const path = join(stateDirectory(cocktailDirectory), "run.json");
  const text = await usingState(cocktailDirectory, () =>
    readFile(path, "utf8").catch((error: unknown) => {
      if (["EACCES", "EPERM"].includes(String(Reflect.get(Object(error), "code")))) throw error;
      return undefined;
    }),
  );
  if (text === undefined) return undefined;
  try {
    return parseRunFile(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function parseRunFile(value: unknown): RunFile | undefined {
  const named = parseProcess(value);
  return (
    named && {
      ...named,
      runId: textOf(value, "runId"),
      api: textOf(value, "api"),
      edge: textOf(value, "edge"),
      token: textOf(value, "token"),
      ready: Reflect.get(Object(value), "ready") === true,
    }
  );
}

/** Undefined where it names no process. */
export function parseProcess(value: unknown): ProcessName | undefined {
  const pid = Number(Reflect.get(Object(value), "pid"));
  const startTime = textOf(value, "startTime");
  // A pid of 0 or 1 would make a signal reach far too much.
  return Number.isSafeInteger(pid) && pid > 1 && startTime !== "" ? { pid, startTime } : undefined;
}

function textOf(value: unknown, name: string): string {
  const found: unknown = Reflect.get(Object(value), name);
  return typeof found === "string" ? found : "";
}
