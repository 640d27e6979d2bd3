import { readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import { writeAtomically } from "./atomic-file.ts";

/** `.cocktail/run.json`: how others find the running cocktail. Written at the start and again when it is ready. */
export interface RunFile {
  readonly pid: number;
  /** Tells the process from a later one of the same number: `<boot id>:<tick>` on Linux, the lstart of ps elsewhere. */
  readonly startTime: string;
  /** In the environment of every process of this run, as COCKTAIL_RUN_ID. */
  readonly runId: string;
  readonly name: string;
  readonly version: string;
  /** Base URL of the control plane; absent until it listens. */
  readonly api?: string | undefined;
  /** Base URL of the edge; absent until it listens. */
  readonly edge?: string | undefined;
  /** Wanted for every change. */
  readonly token: string;
  /** Every stable variant of the file has been started and the route table stands. */
  readonly ready: boolean;
  readonly startedAt: string;
  /** What this start found of an earlier run, one line each. */
  readonly recovered: readonly string[];
}

const schema = z.object({
  pid: z.int().min(2),
  startTime: z.string(),
  runId: z.string().min(8),
  name: z.string(),
  version: z.string(),
  api: z.string().optional(),
  edge: z.string().optional(),
  token: z.string(),
  ready: z.boolean(),
  startedAt: z.string(),
  recovered: z.array(z.string()),
});

export function writeRunFile(path: string, run: RunFile): void {
  writeAtomically(path, `${JSON.stringify(run, undefined, 2)}\n`);
}

/** Undefined where there is none, or none that this version can read. */
export function readRunFile(path: string): RunFile | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whatever is there: no run is told of any more. */
export function removeRunFile(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
