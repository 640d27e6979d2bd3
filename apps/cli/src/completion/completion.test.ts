import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { startFakeApi } from "../../test/support/fake-api.ts";
import { environment, variant } from "../../test/support/objects.ts";
import { catalog } from "../commands/index.ts";
import { complete } from "./complete.ts";
import { scripts } from "./scripts.ts";

const bin = join(import.meta.dirname, "../../bin/cocktail.js");

describe("completion", () => {
  it("completes commands, verbs, flags and choices, and names what to request", () => {
    const words = (...typed: string[]): readonly string[] => complete(catalog, typed).words;
    const ask = (...typed: string[]): string | undefined => complete(catalog, typed).dynamic;
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
      dynamic: undefined,
    });
  });

  it("works in a real bash, with colons in the words", async (t) => {
    await using api = await startFakeApi(names);
    const directory = await temporary(t);
    const ask = async (typed: string): Promise<readonly string[]> => {
      const script = `cocktail() { "${process.execPath}" "${bin}" "$@"; }\n${scripts.bash}\nCOMP_WORDBREAKS=$' \\t\\n"><=;|&(:'\nCOMP_LINE=${JSON.stringify(typed)}; COMP_POINT=\${#COMP_LINE}; _cocktail; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return await linesOf("bash", ["-c", script], directory, api.env);
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
    assert.deepEqual(await ask("cocktail env apply -f wi"), ["with space.yaml"]);
  });

  it("prints no names and no error if no cocktail runs", () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [bin, "__complete", "--", "env", "get", ""],
      { cwd: "/", encoding: "utf8", env: { ...process.env, COCKTAIL_API: "" } },
    );
    assert.deepEqual([status, stdout, stderr], [0, "words\n", ""]);
  });

  it("works in a real fish", { skip: missing("fish") }, async (t) => {
    await using api = await startFakeApi(names);
    const directory = await temporary(t);
    const script = join(directory, "script.fish");
    await writeFile(
      script,
      `function cocktail; "${process.execPath}" "${bin}" $argv; end\n${scripts.fish}`,
    );
    const ask = async (typed: string): Promise<readonly string[]> => {
      const command = `source ${script}; complete -C '${typed}'`;
      return await linesOf("fish", ["--no-config", "-c", command], directory, api.env);
    };
    assert.deepEqual((await ask("cocktail branch de")).toSorted(), ["delete", "deploy"]);
    assert.deepEqual(await ask("cocktail branch get cart:mp"), ["cart:mp-101", "cart:mp-102"]);
    assert.deepEqual(await ask("cocktail env apply -f no"), ["notes.yaml"]);
  });

  it("works in a real zsh", { skip: missing("zsh") }, async (t) => {
    await using api = await startFakeApi(names);
    const directory = await temporary(t);
    // A script has no line editor, so the candidates are printed.
    const stand = `cocktail() { "${process.execPath}" "${bin}" "$@" }\ncompdef() { }\ncompadd() { shift; print -l -- "$@" }\n_files() { print files "$@" }\n`;
    const ask = async (...words: readonly string[]): Promise<readonly string[]> => {
      const typed = words.map((word) => `'${word}'`).join(" ");
      const call = `words=(cocktail ${typed}); CURRENT=\${#words}; _cocktail`;
      return await linesOf(
        "zsh",
        ["-f", "-c", `${stand}${scripts.zsh}\n${call}`],
        directory,
        api.env,
      );
    };
    assert.deepEqual(await ask("branch", "de"), ["deploy", "delete"]);
    assert.deepEqual(await ask("env", "get", ""), ["ops-101"]);
    assert.deepEqual(await ask("env", "apply", "-f", ""), ["files"]);
    assert.deepEqual(await ask("branch", "deploy", "cart", "--path", ""), ["files -/"]);
  });
});

const names = {
  "GET /v1/variants": {
    items: ["cart:mp-101", "cart:mp-102", "orders:rc"].map((name) => variant(name)),
  },
  "GET /v1/environments": { items: [environment("ops-101")] },
};

function missing(shell: string): string | false {
  return spawnSync(shell, ["-c", "true"]).status === 0 ? false : `${shell} is not installed`;
}

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "cocktail-cli-"));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "notes.yaml"), "");
  await writeFile(join(directory, "with space.yaml"), "");
  return directory;
}

async function linesOf(
  shell: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(shell, args, {
    cwd,
    env: { ...process.env, ...env, HOME: cwd },
  });
  return stdout.split("\n").filter((line) => line !== "");
}
