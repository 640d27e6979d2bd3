import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Processes (pid and command line) that carry this run's id in their environment; zombies don't count. */
export function processesOf(runId: string): readonly string[] {
  if (process.platform !== "linux") {
    const all = execFileSync("ps", ["-A", "-E", "-ww", "-o", "pid=,command="], {
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
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

/** How many TCP ports a living process listens on. */
export function listenersOf(pid: number): number {
  if (process.platform !== "linux") {
    const args = ["-a", "-nP", "-p", String(pid), "-iTCP", "-sTCP:LISTEN", "-Fn"];
    const all = execFileSync("lsof", args, { encoding: "utf8" });
    return all.split("\n").filter((line) => line.startsWith("n")).length;
  }
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => socketOf(pid, fd)));
  const tables = ["tcp", "tcp6"].map((name) => readFileSync(`/proc/${pid}/net/${name}`, "utf8"));
  const sockets = tables
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trim().split(/\s+/));
  return sockets.filter(([, , , state, , , , , , inode = ""]) => state === "0A" && own.has(inode))
    .length;
}

/** The inode of the socket behind a descriptor. */
function socketOf(pid: number, fd: string): string | undefined {
  try {
    return /^socket:\[([0-9]+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
  } catch {
    return undefined; // Closed while we looked.
  }
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

/** A zombie counts as gone: where nobody is there to collect it, it stays forever. */
export function isAlive(pid: number): boolean {
  const args = ["-o", "stat=", "-p", String(pid)];
  try {
    return !execFileSync("ps", args, { encoding: "utf8" }).trim().startsWith("Z");
  } catch {
    return false; // ps says by its exit code that there is none.
  }
}
