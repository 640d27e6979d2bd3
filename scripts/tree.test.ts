import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./run-step.ts";

const outside = existsSync(join(root, ".git")) ? {} : { skip: "this is no clone" };

test("the repository holds text alone, and no large file", outside, () => {
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  const files = tracked.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
  assert.ok(files.length > 500, `only ${files.length} files`);
  const strange = files.filter((file) => {
    const bytes = readFileSync(join(root, file));
    return bytes.length > 256 * 1024 || bytes.includes(0);
  });
  assert.deepEqual(strange, [], "state, a dump or a binary was committed");
});
