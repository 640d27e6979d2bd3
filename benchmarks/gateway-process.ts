import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import net from "node:net";
import { isInstalled } from "./gateway-contestants.ts";

/** A process of the comparison on its own core. */
export interface Running {
  readonly port: number;
  /** The one that works: the process itself, or its first child. */
  readonly pid: number;
  stop(): Promise<void>;
}

export const pinned = isInstalled("taskset");

export async function start(
  command: readonly string[],
  {
    core,
    port,
    workers,
  }: { readonly core: number; readonly port: number; readonly workers: boolean },
): Promise<Running> {
  const all = pinned ? ["taskset", "-c", String(core), ...command] : command;
  const [program = "", ...args] = all;
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  await listening(port, child);
  return {
    port,
    // nginx listens before it has its worker, so this is asked each time.
    get pid() {
      return workers ? firstChild(child.pid ?? 0) : (child.pid ?? 0);
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null)
      throw new Error(`${child.spawnargs.join(" ")} exited with ${child.exitCode}`);
    if (Date.now() > deadline)
      throw new Error(`${child.spawnargs.join(" ")} does not listen on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function firstChild(pid: number): number {
  const found = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return Number(found.stdout.trim().split(/\s+/)[0] ?? pid);
}

/** Processor time of all its threads so far, in microseconds: steadier than a rate on a busy machine. Linux only; 0 elsewhere. */
export function processorTime(pid: number): number {
  try {
    // The first number is nanoseconds on a processor; `stat` counts in ticks of 10 ms.
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1"))
      .reduce((sum, text) => sum + Number(text.split(" ", 1)[0]) / 1000, 0);
  } catch {
    return 0;
  }
}

/** Resident memory in MiB. */
export function memory(pid: number): number {
  const found = spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(found.stdout.trim()) / 1024;
}
