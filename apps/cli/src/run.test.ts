import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startFakeApi } from "../test/support/fake-api.ts";
import { condition, deployed, variant } from "../test/support/objects.ts";
import { memoryStream, type OutputStream } from "./output/output.ts";
import { run } from "./run.ts";

/** A stdout that fails every write with an error. */
function failing(code: string): OutputStream {
  const error = Object.assign(new Error(`${code}: no`), { code });
  return {
    write: (_chunk, done) => {
      done?.(error);
      return false;
    },
    on: () => {},
  };
}

async function runInto(
  stdout: OutputStream,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stderr: string }> {
  const stderr = memoryStream();
  const code = await run({
    argv,
    cwd: "/",
    env,
    stdout,
    stderr: stderr.stream,
    signal: new AbortController().signal,
    onSecondInterrupt: () => {},
  });
  return { code, stderr: stderr.text() };
}

describe("a stdout that fails", () => {
  it("is an error if it is not writable, such as on a full disk", async () => {
    for (const argv of [["version"], ["--help"]]) {
      const { code, stderr } = await runInto(failing("ENOSPC"), argv);
      assert.equal(code, 1);
      assert.match(stderr, /^error: .*stdout: ENOSPC: no {2}\[OUTPUT_FAILED\]\nfix: /);
    }
  });

  it("is not an error if its reader has closed the pipe", async () => {
    for (const argv of [["version"], ["--help"], ["completion", "bash"]])
      assert.deepEqual(await runInto(failing("EPIPE"), argv), { code: 0, stderr: "" });
  });

  it("does not hide a failure if its reader has closed the pipe", async () => {
    const starting = variant("cart:mp-1", { conditions: [condition("False", "Starting", 1)] });
    await using api = await startFakeApi({
      "POST /v1/variants": deployed(starting),
      "GET /v1/variants/cart/mp-1": { ...starting, state: "GONE" },
    });
    const argv = ["branch", "deploy", "cart", "--key", "mp-1"];
    const { code, stderr } = await runInto(failing("EPIPE"), argv, api.env);
    assert.equal(code, 1);
    assert.match(stderr, /\[VARIANT_FAILED\]/);
  });
});
