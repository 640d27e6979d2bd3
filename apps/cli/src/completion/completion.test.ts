import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { startFakeApi } from "../../test/support/fake-api.ts";
import { environment, variant } from "../../test/support/objects.ts";
import { catalog } from "../commands/index.ts";
import { complete } from "./complete.ts";
import { scripts } from "./scripts.ts";

const bin = join(import.meta.dirname, "../../bin/cocktail.js");

describe("completion", () => {
  it("knows commands, verbs, flags, choices and what to ask for", () => {
    const words = (...typed: string[]): readonly string[] => complete(catalog, typed).words;
    const ask = (...typed: string[]): string | undefined => complete(catalog, typed).ask;
    assert.deepEqual(words("do"), ["down", "doctor"]);
    assert.deepEqual(words("branch", "de"), ["deploy", "delete"]);
    assert.deepEqual(words("branch", "delete", "--wa"), ["--wait-timeout"]);
    assert.deepEqual(words("status", "-o", "j"), ["json"]);
    assert.deepEqual(words("__complete", "--"), []);
    assert.equal(words("").includes("__complete"), false);
    assert.equal(ask("branch", "delete", ""), "variant");
    assert.equal(ask("branch", "delete", "cart:x", ""), undefined);
    assert.equal(ask("branch", "deploy", "--key", "k", ""), "service");
    assert.equal(ask("branch", "deploy", "cart", "--path", ""), "directory");
    assert.equal(ask("env", "get", ""), "environment");
    assert.equal(ask("env", "apply", "-f", ""), "file");
    assert.deepEqual(complete(catalog, ["env", "curl", "a", "--", "x"]), {
      words: [],
      ask: undefined,
    });
  });

  it("works in a real bash, with colons in the words", async (t) => {
    await using api = await startFakeApi({
      "GET /v1/variants": {
        items: [variant("cart:mp-101"), variant("cart:mp-102"), variant("orders:rc")],
      },
      "GET /v1/environments": { items: [environment("ops-101")] },
    });
    const directory = await mkdtemp(join(tmpdir(), "cocktail-cli-"));
    t.after(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, "notes.yaml"), "");
    const ask = async (typed: string): Promise<readonly string[]> => {
      const script = `cocktail() { "${process.execPath}" "${bin}" "$@"; }\n${scripts.bash}\nCOMP_WORDBREAKS=$' \\t\\n"><=;|&(:'\nCOMP_LINE=${JSON.stringify(typed)}; COMP_POINT=\${#COMP_LINE}; _cocktail; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await promisify(execFile)("bash", ["-c", script], {
        cwd: directory,
        env: { ...process.env, ...api.env },
      });
      return stdout.split("\n").filter((word) => word !== "");
    };
    assert.deepEqual(await ask("cocktail branch de"), ["deploy", "delete"]);
    assert.deepEqual(await ask("cocktail branch get "), [
      "cart:mp-101",
      "cart:mp-102",
      "orders:rc",
    ]);
    assert.deepEqual(await ask("cocktail branch get cart:mp"), ["mp-101", "mp-102"]);
    assert.deepEqual(await ask("cocktail env get o"), ["ops-101"]);
    assert.deepEqual(await ask("cocktail env apply -f no"), ["notes.yaml"]);
  });

  it("answers with nothing, quietly, where no cocktail runs", () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [bin, "__complete", "--", "env", "get", ""],
      { cwd: "/", encoding: "utf8", env: { ...process.env, COCKTAIL_API: "" } },
    );
    assert.deepEqual([status, stdout, stderr], [0, "words\n", ""]);
  });

  for (const shell of ["zsh", "fish"] as const) {
    const isThere = spawnSync(shell, ["-c", "true"]).status === 0;
    it(`is valid ${shell}`, { skip: isThere ? false : `${shell} is not installed` }, () => {
      const { status, stderr } = spawnSync(shell, ["-n"], {
        input: scripts[shell],
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
    });
  }
});
