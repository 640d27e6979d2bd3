import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Distinguishes a process from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: `<boot id>:<tick>` on Linux, the lstart of ps elsewhere. */
  readonly startTime: string;
}

/** The identity in a value that was read from a file, undefined where it holds none. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  const pid: unknown = Reflect.get(Object(value), "pid");
  const startTime: unknown = Reflect.get(Object(value), "startTime");
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) return undefined;
  return typeof startTime === "string" && startTime !== "" ? { pid, startTime } : undefined;
}

/** One process, as the system sees it now. */
export interface ProcessFacts {
  readonly parent: number;
  readonly group: number;
  /** Dead but not yet collected by its parent. */
  readonly zombie: boolean;
  /** The executable's short name. */
  readonly command: string;
  readonly startTime: string;
}

/** The facts of a process, or undefined where there is none. Reads /proc on Linux, asks ps elsewhere. */
export function readProcess(pid: number): ProcessFacts | undefined {
  return process.platform === "linux" ? readFromProc(pid) : readFromPs(pid);
}

/** This process, or another living one; undefined where it is gone or a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const facts = readProcess(pid);
  return facts === undefined || facts.zombie ? undefined : { pid, startTime: facts.startTime };
}

/** True when exactly this process still lives: a zombie doesn't, nor does a stranger that got its number. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

let bootId: string | undefined;

function readFromProc(pid: number): ProcessFacts | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return undefined; // ENOENT: gone; ESRCH: went while being read
  }
  return parseProcStat(stat, bootId);
}

/** `pid (comm) state ppid pgrp ... starttime`; comm may itself hold spaces and parentheses. See proc(5). */
export function parseProcStat(stat: string, boot: string): ProcessFacts | undefined {
  const open = stat.indexOf("(");
  const close = stat.lastIndexOf(")");
  const fields = stat.slice(close + 2).split(" ");
  const [state, parent, group] = fields;
  const ticks = fields[19];
  if (open < 0 || close < open || state === undefined || ticks === undefined) return undefined;
  return {
    parent: Number(parent),
    group: Number(group),
    zombie: state === "Z" || state === "X",
    command: stat.slice(open + 1, close),
    startTime: `${boot}:${ticks}`,
  };
}

function readFromPs(pid: number): ProcessFacts | undefined {
  try {
    const columns = ["ppid=", "pgid=", "stat=", "lstart=", "comm="].flatMap((name) => ["-o", name]);
    const text = execFileSync("ps", [...columns, "-p", String(pid)], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    return parsePsLine(text);
  } catch {
    return undefined; // ps exits 1 where there is no such process
  }
}

/** `ppid pgid stat Mon Nov 23 09:31:00 2026 /path/to/command`. */
export function parsePsLine(line: string): ProcessFacts | undefined {
  const match = /^(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(
    line.trim(),
  );
  if (match === null) return undefined;
  const [, parent, group, state = "", started = "", command = ""] = match;
  return {
    parent: Number(parent),
    group: Number(group),
    zombie: state.startsWith("Z"),
    command: command.slice(command.lastIndexOf("/") + 1),
    startTime: started,
  };
}
