import { readFileSync, realpathSync, statSync } from "node:fs";
import { printable } from "@cocktail/client/printable";
import { writeAtomically } from "@cocktail/local-state";
import { z } from "zod";
import { KeyedQueue } from "../keyed-queue.ts";
import { LineSplitter } from "../logs/line-splitter.ts";
import {
  type ChildExit,
  describeExit,
  drainOutput,
  startChild,
} from "../processes/child-process.ts";
import { endGroup } from "../processes/process-group.ts";
import type { ProcessRecords } from "../processes/process-records.ts";
import { preparationHash } from "../sources/lockfiles.ts";

export interface PreparationRequest {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whose preparation it is: `payment-service:mp-101#2`. */
  readonly name: string;
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
  readonly signal: AbortSignal;
}

export type PreparationOutcome =
  | { readonly kind: "prepared" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly message: string };

const schema = z.record(z.string(), z.string());

/** Runs the `prepare` command, once per directory and lockfile, one at a time for a directory. */
export class Preparations {
  readonly #file: string;
  readonly #records: ProcessRecords;
  readonly #queue = new KeyedQueue();
  readonly #done: Map<string, string>;

  /** `file` records what was done, across restarts. */
  constructor(file: string, records: ProcessRecords) {
    this.#file = file;
    this.#records = records;
    this.#done = new Map(Object.entries(readDone(file)));
  }

  async run(request: PreparationRequest): Promise<PreparationOutcome> {
    // One key for a directory, whatever path leads to it.
    const directory = realpathSync(request.directory);
    return await this.#queue.run(directory, async () => {
      if (request.signal.aborted) return { kind: "stopped" };
      const unreadable = (error: unknown): PreparationOutcome => ({
        kind: "failed",
        message: error instanceof Error ? error.message : String(error),
      });
      const before = await mark(directory, request).catch(unreadable);
      if (typeof before !== "string") return before;
      if (this.#done.get(directory) === before) return { kind: "unchanged" };
      // What it begins and doesn't finish is not what was there before.
      this.#done.delete(directory);
      this.#save();
      const { exit, last } = await this.#execute(request);
      if (request.signal.aborted) return { kind: "stopped" };
      if (exit.code !== 0) return { kind: "failed", message: describeFailure(request, exit, last) };
      // Read again: npm install may have written the lockfile that it was missing.
      const after = await mark(directory, request).catch(unreadable);
      if (typeof after !== "string") return after;
      this.#done.set(directory, after);
      this.#save();
      return { kind: "prepared" };
    });
  }

  async #execute(
    request: PreparationRequest,
  ): Promise<{ readonly exit: ChildExit; readonly last: string }> {
    const child = startChild(request);
    const forget = this.#records.add(child.pid, `the preparation of ${request.name}`);
    let last = "";
    for (const stream of ["stdout", "stderr"] as const) {
      const lines = new LineSplitter((line) => {
        const text = printable(line).trim();
        if (text !== "") last = text.slice(0, 300);
        request.onLine(stream, line);
      });
      child[stream].on("data", (chunk: Buffer) => lines.write(chunk)).on("end", () => lines.end());
    }
    const onAbort = (): void => void endGroup(child.pid, { graceMs: 2_000 });
    if (child.pid !== 0) request.signal.addEventListener("abort", onAbort, { once: true });
    const exit = await child.exited;
    request.signal.removeEventListener("abort", onAbort);
    if (child.pid !== 0) await endGroup(child.pid, { graceMs: 2_000 });
    await drainOutput(child);
    forget();
    return { exit, last };
  }

  #save(): void {
    for (const directory of this.#done.keys()) {
      if (statSync(directory, { throwIfNoEntry: false }) === undefined)
        this.#done.delete(directory);
    }
    try {
      writeAtomically(this.#file, JSON.stringify(Object.fromEntries(this.#done), undefined, 2));
    } catch {
      // A full disk: it is prepared again after a restart, which is harmless.
    }
  }
}

/** A directory that was deleted and created again has to be prepared again. */
async function mark(directory: string, { command }: PreparationRequest): Promise<string> {
  const { birthtimeMs, ino } = statSync(directory);
  return `${await preparationHash(directory, command)}:${ino}:${birthtimeMs}`;
}

function readDone(file: string): Readonly<Record<string, string>> {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? {};
  } catch {
    return {}; // absent or truncated: everything is prepared again, which is harmless
  }
}

function describeFailure({ command }: PreparationRequest, exit: ChildExit, last: string): string {
  const suffix = last === "" ? "" : `; its last line: ${last}`;
  return `${command.join(" ")} ${describeExit(exit)}${suffix}`;
}
