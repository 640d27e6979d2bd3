import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../run-step.ts";
import { firstExample } from "./first-example.ts";

/** In a directory beside which the clone's packages are installed. For who installs them from a registry: test/pack. */
async function run(code: string): Promise<{ readonly ok: boolean; readonly output: string }> {
  const cwd = await mkdtemp(join(tmpdir(), "cocktail-readme-"));
  try {
    await symlink(join(root, "node_modules"), join(cwd, "node_modules"), "dir");
    const { DATABASE_URL: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const args = ["--conditions=@cocktail/source", "--input-type=module-typescript", "-e", code];
    const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let isServer = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        // It serves until it is ended.
        isServer ||= output.startsWith("curl ");
        if (isServer) child.kill();
      });
    }
    await once(child, "close");
    return { ok: isServer || child.exitCode === 0, output };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

for (const readme of globSync("packages/*/README.md", { cwd: root })) {
  test(`the first lines of ${readme} run, and print what it says`, async () => {
    const example = firstExample(readFileSync(join(root, readme), "utf8"));
    assert.ok(example, "it opens without lines that run");
    assert.match(example.language, /^(js|ts)$/);
    const { ok, output } = await run(example.code);
    assert.ok(ok && output !== "", output);
    for (const line of (example.prints ?? "").split("\n")) {
      assert.ok(output.includes(line), `no "${line}" in:\n${output}`);
    }
  });
}
