import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { canRead } from "./index.ts";

test("another user reads what the modes along the path allow", () => {
  using home = mkdtempDisposableSync(join(tmpdir(), "stranger-"));
  chmodSync(home.path, 0o755);
  const directory = join(home.path, "a");
  const file = join(directory, "file");
  mkdirSync(directory);
  writeFileSync(file, "");
  chmodSync(file, 0o644);
  const seen = [0o755, 0o700].map((mode) => {
    chmodSync(directory, mode);
    return canRead(file, home.path);
  });
  chmodSync(directory, 0o755);
  chmodSync(file, 0o600);
  assert.deepEqual([...seen, canRead(file, home.path)], [true, false, false]);
});
