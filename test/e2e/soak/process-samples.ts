import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a process holds at the moment. */
export interface ProcessSample {
  /** Resident memory, in bytes. */
  readonly memory: number;
  /** Open descriptors; undefined where the system doesn't tell. */
  readonly descriptors: number | undefined;
}

/** Throws when it is gone. */
export function sampleProcess(pid: number): ProcessSample {
  if (process.platform !== "linux") {
    const kib = execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
    return { memory: Number(kib) * 1024, descriptors: undefined };
  }
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib = "0"] = /^VmRSS:\s+([0-9]+) kB$/m.exec(status) ?? [];
  return { memory: Number(kib) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
