import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../run-step.ts";
import type { Clone } from "./links.ts";

/** The files of the clone that git knows or would add, by path from its root. */
export function filesOfClone(): readonly string[] {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  return execFileSync("git", list, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 })
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(root, file)));
}

export const clone: Clone = {
  has: (path) => existsSync(join(root, path)),
  read: (path) => readFileSync(join(root, path), "utf8"),
};

export const readIfThere = (path: string): string | undefined =>
  clone.has(path) ? clone.read(path) : undefined;
