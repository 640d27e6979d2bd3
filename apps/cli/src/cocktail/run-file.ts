import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a running cocktail writes beside its cocktail.yaml, in `.cocktail/run.json`. */
export interface RunFile {
  readonly pid: number;
  /** Tells the process from a later one of the same number. */
  readonly startTime: string;
  readonly runId: string;
  /** Base URL of the control plane. */
  readonly api: string;
  /** Base URL of the edge. */
  readonly edge: string;
  readonly token: string;
  readonly ready: boolean;
}

/** `.cocktail`, beside the file. */
export function stateDirectory(cocktailDirectory: string): string {
  return join(cocktailDirectory, ".cocktail");
}

/** Undefined where there is none, or it is not whole: it is replaced atomically, so a broken one is not ours. */
export async function readRunFile(cocktailDirectory: string): Promise<RunFile | undefined> {
  const text = await readFile(join(stateDirectory(cocktailDirectory), "run.json"), "utf8").catch(
    () => undefined,
  );
  if (text === undefined) return undefined;
  try {
    return parseRunFile(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function parseRunFile(value: unknown): RunFile | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const text = (name: string): string | undefined => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === "string" ? found : undefined;
  };
  const pid: unknown = Reflect.get(value, "pid");
  const [startTime, runId] = [text("startTime"), text("runId")];
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  if (startTime === undefined || runId === undefined) return undefined;
  return {
    pid,
    startTime,
    runId,
    api: text("api") ?? "",
    edge: text("edge") ?? "",
    token: text("token") ?? "",
    ready: Reflect.get(value, "ready") === true,
  };
}
