import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Place } from "../sandbox/place.ts";

/** One mounted hierarchy. Version 1 has one for each group of controllers, version 2 has one for all. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  readonly writable: boolean;
  /** Of version 1. Version 2 says in a file what it has. */
  readonly controllers: readonly string[];
}

/** What kubelet and runc can't do without. */
export const neededControllers = ["cpu", "cpuset", "memory", "pids"] as const;

/** The hierarchies of /proc/self/mounts. A later mount at the same place hides the earlier one. */
export function parseHierarchies(mounts: string): readonly Hierarchy[] {
  const found = mounts.split("\n").flatMap((line): Hierarchy[] => {
    const [, mountPoint = "", type = "", options = ""] = line.split(" ");
    const words = options.split(",");
    const writable = words.includes("rw");
    if (type === "cgroup2") return [{ version: 2, mountPoint, writable, controllers: [] }];
    if (type !== "cgroup") return [];
    return [{ version: 1, mountPoint, writable, controllers: words.filter(isController) }];
  });
  return [...new Map(found.map((one) => [one.mountPoint, one])).values()];
}

const isController = (option: string): boolean => !/^(rw|ro|no\w+|relatime|xattr)$|=/.test(option);

export function hierarchies(): readonly Hierarchy[] {
  return parseHierarchies(readFileSync("/proc/self/mounts", "utf8"));
}

/**
 * The cgroup of a testbed below every hierarchy, named by its directory. Each node has its own: of two kubelets with one cgroup, each
 * deletes the other's pods as orphans.
 */
export function cgroupOf({ name, directory }: Place): string {
  return `cocktail-testbed-${name}-${createHash("sha256").update(directory).digest("hex").slice(0, 8)}`;
}

/** Makes it everywhere, with all that its parent has. */
export function makeCgroups(place: Place): void {
  for (const { version, mountPoint, controllers } of hierarchies()) {
    const path = join(mountPoint, cgroupOf(place));
    mkdirSync(path, { recursive: true });
    if (controllers.includes("cpuset")) {
      // Empty in a new cgroup of version 1, in which no process can then run.
      for (const file of ["cpuset.cpus", "cpuset.mems"])
        writeFileSync(join(path, file), readFileSync(join(mountPoint, file)));
    }
    if (version === 2) enableControllers(path);
  }
}

function enableControllers(path: string): void {
  const file = join(path, "cgroup.controllers");
  const controllers = readFileSync(file, "utf8").trim().split(" ");
  const words = controllers.filter((one) => one !== "").map((one) => `+${one}`);
  if (words.length > 0) writeFileSync(join(path, "cgroup.subtree_control"), words.join(" "));
}

/** Removes it everywhere, with all below. */
export async function removeCgroups(place: Place): Promise<void> {
  for (const { mountPoint } of hierarchies()) await remove(join(mountPoint, cgroupOf(place)));
}

/** The kernel keeps a cgroup until its last process is gone, so this may take a few tries. */
async function remove(path: string): Promise<void> {
  for (const deadline = performance.now() + 10_000; existsSync(path); await delay(50)) {
    try {
      removeTree(path);
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`can't remove ${path}`, { cause: error });
    }
  }
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  rmdirSync(path);
}
