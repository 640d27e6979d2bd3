import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Processes (pid and command line) that carry this run's id in their environment, on Linux; zombies don't count. */
export function processesOf(runId: string): readonly string[] {
  if (process.platform !== "linux") {
    const all = execFileSync("ps", ["-A", "-E", "-o", "pid=,command="], { encoding: "utf8" });
    return all.split("\n").filter((line) => line.includes(`COCKTAIL_RUN_ID=${runId}`));
  }
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (!environment.split("\0").includes(`COCKTAIL_RUN_ID=${runId}`)) continue;
      found.push(`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`);
    } catch {
      // It ended while we looked, or belongs to somebody else.
    }
  }
  return found;
}

/** Pids of the direct children of a process, on Linux and macOS. */
export function childrenOf(
  pid: number,
): readonly { readonly pid: number; readonly command: string }[] {
  const all = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return all.split("\n").flatMap((line) => {
    const match = /^\s*([0-9]+)\s+([0-9]+)\s+(.*)$/.exec(line);
    return match !== null && Number(match[2]) === pid
      ? [{ pid: Number(match[1]), command: match[3] ?? "" }]
      : [];
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
