import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { visibleCommands } from "../command/catalog.ts";
import { parseCommandLine } from "../command/parse.ts";
import { invoke } from "../../test/support/invoke.ts";
import { shellCommands } from "../../test/support/shell-words.ts";
import { catalog } from "./index.ts";

describe("the definitions", () => {
  for (const command of visibleCommands(catalog)) {
    const name = command.path.join(" ");

    it(`${name}: its summary is one line and it has two examples that parse`, () => {
      assert.match(command.summary, /^[A-Z][^\n]{10,110}[^.\n]$/);
      assert.ok(command.examples.length >= 2);
      for (const { command: example } of command.examples) {
        const own = shellCommands(example).filter(([program]) => program === "cocktail");
        assert.notEqual(own.length, 0, `no cocktail in: ${example}`);
        for (const [, ...words] of own) {
          const parsed = parseCommandLine(catalog, words);
          if (parsed.kind !== "run") assert.fail(`${example}: ${JSON.stringify(parsed)}`);
        }
      }
    });

    it(`${name}: --help goes to stdout and lists all options`, async () => {
      const { code, stdout, stderr } = await invoke([...command.path, "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.ok(stdout.startsWith(`${command.summary}.\n`));
      for (const option of Object.keys(command.options)) {
        const words = option.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`);
        assert.match(stdout, new RegExp(`--(no-)?${words}\\b`));
      }
    });
  }

  it("contain every specified command", () => {
    const names = visibleCommands(catalog).map(({ path }) => path.join(" "));
    const wanted = [
      "init up down status logs apply restart exec doctor completion version",
      "branch deploy,branch list,branch get,branch logs,branch env,branch delete",
      "rc deploy,rc list,rc promote,rc rollback,rc abandon",
      "env create,env apply,env list,env get,env explain,env url,env curl,env extend,env delete",
      "route resolve,route trace",
      "mesh render,mesh chart,mesh check",
    ];
    const all = [
      ...(wanted[0] ?? "").split(" "),
      ...wanted.slice(1).flatMap((group) => group.split(",")),
    ];
    assert.deepEqual(names.toSorted(), all.toSorted());
  });

  it("give env extend and down a --dry-run", () => {
    for (const name of ["env extend", "down"]) {
      const command = catalog.commands.find(({ path }) => path.join(" ") === name);
      assert.ok(command?.options["dryRun"], name);
    }
  });

  it("give every verb that changes something a --dry-run, and wait by default", () => {
    const changing = [
      "branch deploy",
      "branch delete",
      "rc deploy",
      "rc promote",
      "rc rollback",
      "restart",
      "rc abandon",
      "env create",
      "env apply",
      "env delete",
    ];
    for (const name of changing) {
      const command = catalog.commands.find(({ path }) => path.join(" ") === name);
      assert.ok(command?.options["dryRun"], name);
      assert.equal(command.options["wait"]?.absent, true, name);
      assert.equal(command.options["waitTimeout"]?.absent, 300, name);
    }
  });
});
