import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { identify, isAlive, parseIdentity, type ProcessIdentity } from "@cocktail/local-state";
import type { Profile } from "../components.ts";
import { howToGet, ToolMissing } from "../install/tool.ts";
import type { Place } from "./place.ts";

/*
 * A testbed is one process tree in user, network, mount and pid namespaces of its own. When its first process ends, however it ends, the
 * kernel ends all others and takes the interfaces and mounts away: there is no cleanup that could be forgotten.
 */

/** A user namespace maps an ordinary user to root inside. Containers need more users than one, so a node has none. */
const userNamespace = ["--user", "--map-root-user"] as const;
const otherNamespaces = [
  "--net",
  "--mount",
  "--propagation=private",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
] as const;

/** The first process of a pid namespace inherits its orphans and must wait for them. A shell does, Node.js doesn't. */
const reaper = ["sh", "-c", '"$@" & wait "$!"', "sh"] as const;

/** Starts the sandbox detached from the caller and returns the process that holds it. */
export async function startSandbox(
  place: Place,
  profile: Profile,
  program: readonly string[],
): Promise<ProcessIdentity> {
  const unshare = [...(profile === "control" ? userNamespace : []), ...otherNamespaces];
  const log = openSync(join(place.logs, "testbed.log"), "a", 0o600);
  try {
    const child = spawn("unshare", [...unshare, "--", ...reaper, ...program], {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: place.directory,
    });
    await once(child, "spawn").catch((error: unknown) => {
      throw Reflect.get(Object(error), "code") === "ENOENT"
        ? new ToolMissing(`unshare is not on the PATH: ${howToGet["unshare"] ?? ""}`)
        : error;
    });
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw new Error("the sandbox ended as it started");
    return identity;
  } finally {
    closeSync(log);
  }
}

/** The process of a testbed that runs, undefined where there is none. */
export function runningSandbox(place: Place): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(place.runFile, "utf8");
  } catch {
    return undefined;
  }
  const identity = parseIdentity(JSON.parse(text));
  return identity !== undefined && isAlive(identity) ? identity : undefined;
}

/** The first process inside, by its number outside; undefined in the instant before it is forked. */
export function firstInside({ pid }: ProcessIdentity): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? undefined : Number(children.split(" ")[0]);
}

/** The words before a command that make it run inside, in the caller's directory. */
export function enter(sandbox: ProcessIdentity, cwd: string): readonly string[] {
  const pid = firstInside(sandbox);
  if (pid === undefined) throw new Error("the testbed is not up yet");
  // The kernel refuses to enter a user namespace that one is in already.
  const sameUsers = readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync("/proc/self/ns/user");
  const users = sameUsers ? [] : ["--user", "--preserve-credentials"];
  const namespaces = [...users, "--mount", "--net", "--pid"];
  return ["nsenter", ...namespaces, `--target=${pid}`, "--", "env", "-C", cwd];
}

/** Ends the sandbox, and with it every process inside. Returns when it is gone. */
export async function endSandbox(sandbox: ProcessIdentity): Promise<void> {
  const inside = firstInside(sandbox);
  const identity = inside === undefined ? undefined : identify(inside);
  for (const pid of [inside, sandbox.pid]) {
    try {
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    } catch {
      // ended by itself
    }
  }
  const both = identity === undefined ? [sandbox] : [sandbox, identity];
  const deadline = performance.now() + 30_000;
  while (both.some((one) => isAlive(one))) {
    if (performance.now() > deadline)
      throw new Error(`process ${sandbox.pid} did not end within 30 s of SIGKILL`);
    await delay(20);
  }
}
