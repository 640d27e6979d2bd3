import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { canRead } from "@cocktail/test-support";
import { createStateDirectory, stateDirectory } from "./state-directory.ts";

test("a state directory is closed to other users, also one that was there and open", () => {
  for (const isThere of [false, true]) {
    using home = mkdtempDisposableSync(join(tmpdir(), "cocktail-state-"));
    chmodSync(home.path, 0o755);
    const { root, worktrees } = stateDirectory(home.path);
    const file = join(worktrees, "cart.mp-1.0123456789ab", ".env");
    if (isThere) for (const path of [root, worktrees]) openDirectory(path);
    createStateDirectory(home.path);
    openDirectory(dirname(file)); // as git creates files, for a user with the usual umask
    writeFileSync(file, "PASSWORD=x");
    chmodSync(file, 0o644);
    assert.equal(canRead(file, home.path), false);
    chmodSync(root, 0o755);
    assert.equal(canRead(file, home.path), false, "each directory in it is closed, too");
  }
});

function openDirectory(path: string): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o777);
}
