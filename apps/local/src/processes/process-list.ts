import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { readProcess } from "@cocktail/local-state";

/** A living process and the marks that Cocktail's own children carry in their environment. */
export interface MarkedProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly group: number;
  /** The COCKTAIL_ variables it was started with. */
  readonly marks: ReadonlyMap<string, string>;
}

/**
 * Every living process whose environment carries this run id, this process and its ancestors left out. The id is random: only
 * processes of that run, and what they started, have it. Reads /proc on Linux, asks ps elsewhere.
 */
export async function findMarked(runId: string): Promise<readonly MarkedProcess[]> {
  const found = process.platform === "linux" ? await scanProc(runId) : await scanPs(runId);
  const mine = ancestry();
  return found.filter(({ pid }) => !mine.has(pid));
}

/** This process and those above it: a cocktail started by a service of another one must not end its own ancestors. */
function ancestry(): ReadonlySet<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 1 && !pids.has(pid); pid = readProcess(pid)?.parent ?? 0)
    pids.add(pid);
  return pids;
}

async function scanProc(runId: string): Promise<readonly MarkedProcess[]> {
  const found: MarkedProcess[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (!environment.includes(`COCKTAIL_RUN_ID=${runId}`)) continue;
    const marks = readMarks(environment.split("\0"));
    const facts = readProcess(pid);
    if (marks.get("COCKTAIL_RUN_ID") !== runId || facts === undefined || facts.zombie) continue;
    found.push({ pid, startTime: facts.startTime, group: facts.group, marks });
  }
  return found;
}

async function scanPs(runId: string): Promise<readonly MarkedProcess[]> {
  const list = await promisify(execFile)("ps", ["-A", "-E", "-ww", "-o", "pid=,command="], {
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
    maxBuffer: 64 * 1024 * 1024,
  }).catch(() => ({ stdout: "" }));
  return list.stdout.split("\n").flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const pid = Number(words[0]);
    const marks = readMarks(words.slice(1));
    const facts = marks.get("COCKTAIL_RUN_ID") === runId ? readProcess(pid) : undefined;
    if (facts === undefined || facts.zombie) return [];
    return [{ pid, startTime: facts.startTime, group: facts.group, marks }];
  });
}

/** The Cocktail's own variables among `NAME=value` words. */
export function readMarks(words: readonly string[]): ReadonlyMap<string, string> {
  const marks = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (word.startsWith("COCKTAIL_") && equals > 0)
      marks.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return marks;
}
