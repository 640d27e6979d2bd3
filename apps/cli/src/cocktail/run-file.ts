import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a running cocktail writes beside its cocktail.yaml, in `.cocktail/run.json`. */
export interface RunFile {
  readonly pid: number;
  /** Tells the process from a later one of the same number. */
  readonly startTime: string;
  readonly runId: string;
  /** Base URL of the control plane; "" until it listens. */
  readonly api: string;
  /** Base URL of the edge; "" until it listens. */
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
  const member = (name: string): unknown => Reflect.get(Object(value), name);
  const text = (name: string): string => {
    const found = member(name);
    return typeof found === "string" ? found : "";
  };
  const run: RunFile = {
    pid: Number(member("pid")),
    startTime: text("startTime"),
    runId: text("runId"),
    api: text("api"),
    edge: text("edge"),
    token: text("token"),
    ready: member("ready") === true,
  };
  // A pid of 0 or 1 would make a signal reach far too much.
  const isWhole = Number.isSafeInteger(run.pid) && run.pid > 1 && run.startTime !== "";
  return isWhole ? run : undefined;
}
