import { rmSync } from "node:fs";
import { readIfPresent, writeAtomically } from "./atomic-file.ts";
import { parseIdentity, type ProcessIdentity } from "./process-identity.ts";

/** `.cocktail/run.json`: how others find the running cocktail. Written at the start and again when it is ready. */
export interface RunFile extends ProcessIdentity {
  /** In the environment of every process of this run, as COCKTAIL_RUN_ID. */
  readonly runId: string;
  readonly name: string;
  readonly version: string;
  /** Base URL of the control plane; absent until it listens. */
  readonly api?: string | undefined;
  /** Base URL of the edge; absent until it listens. */
  readonly edge?: string | undefined;
  /** Required for every change. */
  readonly token: string;
  /** Every stable variant of the file has been started and the first route table is published. */
  readonly ready: boolean;
  readonly startedAt: string;
  /** What this start found of an earlier run, one line each. */
  readonly recovered: readonly string[];
}

export function writeRunFile(path: string, run: RunFile): void {
  writeAtomically(path, `${JSON.stringify(run, undefined, 2)}\n`);
}

/**
 * Undefined where there is none, or none that this version can read: it is replaced atomically, so a malformed one was not
 * written by Cocktail. Throws where the file cannot be read, which is no sign that nothing runs.
 */
export function readRunFile(path: string): RunFile | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRunFile(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Removes whatever lies at the path, a directory too. */
export function removeRunFile(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

const texts = ["name", "version", "token", "startedAt"] as const;
const optionalTexts = ["api", "edge"] as const;

function isRunFile(value: unknown): value is RunFile {
  const identity = parseIdentity(value);
  const member = (name: string): unknown => Reflect.get(Object(value), name);
  const isText = (name: string): boolean => typeof member(name) === "string";
  const recovered = member("recovered");
  return (
    // A signal to process 1 would reach far too much.
    (identity?.pid ?? 0) > 1 &&
    isText("runId") &&
    String(member("runId")).length >= minimumRunIdLength &&
    texts.every(isText) &&
    optionalTexts.every((name) => member(name) === undefined || isText(name)) &&
    typeof member("ready") === "boolean" &&
    Array.isArray(recovered) &&
    recovered.every((line) => typeof line === "string")
  );
}

/** Processes are found by the run id alone: a short one could be part of something else. */
const minimumRunIdLength = 8;
