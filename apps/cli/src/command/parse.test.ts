import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { invoke } from "../../test/support/invoke.ts";
import { keysOf } from "../../test/support/keys.ts";

async function refused(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await invoke(argv);
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  return stderr;
}

describe("the command line", () => {
  it("suggests the intended command or option", async () => {
    assert.match(await refused("brnch"), /unknown command 'brnch'.*\n.*did you mean branch\?/);
    assert.match(
      await refused("branch", "deplyo", "x"),
      /unknown command 'deplyo'.*\n.*did you mean deploy\?/,
    );
    assert.match(
      await refused("branch", "list", "--enviroment", "x"),
      /did you mean --environment\?/,
    );
  });

  it("explains that options come after the command", async () => {
    assert.match(await refused("-f", ".", "status"), /put options after the command/);
  });

  it("refuses --help of an unknown command", async () => {
    assert.match(await refused("help", "brnch"), /unknown command 'brnch'/);
    assert.match(await refused("brnch", "--help"), /unknown command 'brnch'/);
    assert.match(await refused("branch", "deplyo", "-h"), /unknown command 'deplyo'/);
    assert.equal((await invoke(["branch", "-h"])).code, 0);
    assert.equal((await invoke(["--color", "never", "--help"])).code, 0);
  });

  it("validates names before any request, and accepts those of -o name", async () => {
    const deploy = ["branch", "deploy", "cart"];
    assert.match(
      await refused("branch", "deploy", "Cart", "--key", "k"),
      /SERVICE: "Cart" is not the name of a service/,
    );
    assert.match(await refused(...deploy, "--key", "MP_7"), /--key: "MP_7" is not a key/);
    assert.match(
      await refused(...deploy, "--key", "k", "--environment", "Ops 1"),
      /--environment: "Ops 1" is not the name of an environment/,
    );
    assert.match(await refused("env", "create", "a", "--parent", "R C"), /--parent: "R C"/);
    for (const argv of [
      ["rc", "promote", "service/cart"],
      ["logs", "service/cart"],
      ["branch", "list", "--environment", "environment/ops-101"],
    ])
      assert.match((await invoke(argv)).stderr, /NOT_RUNNING/);
  });

  it("refuses an empty value, such as that of an unset variable", async () => {
    const deploy = ["branch", "deploy", "cart", "--key", "k"];
    assert.match(await refused(...deploy, "--path", ""), /--path is empty/);
    assert.match(await refused(...deploy, "--url", ""), /--url is empty/);
    assert.match(await refused("branch", "deploy", "cart", "--branch", ""), /--branch is empty/);
    assert.match(await refused("route", "trace", "/", "--pins", ""), /--pins is empty/);
    assert.match(await refused("status", "--file", ""), /--file is empty/);
    assert.match((await invoke(["route", "trace", "/", "-d", ""])).stderr, /NOT_RUNNING/);
  });

  it("shows the help without arguments, and requires a verb after a noun", async () => {
    const bare = await invoke([]);
    assert.equal(bare.code, 0);
    assert.match(bare.stdout, /Usage: cocktail COMMAND/);
    assert.match(await refused("env"), /needs a verb: create, apply, list/);
    assert.match((await invoke(["env", "--help"])).stdout, /env VERB/);
    assert.equal(
      (await invoke(["help", "env", "get"])).stdout,
      (await invoke(["env", "get", "--help"])).stdout,
    );
  });

  it("names the invalid part", async () => {
    assert.match(await refused("branch", "get"), /SERVICE:KEY is missing/);
    assert.match(await refused("branch", "get", "cart"), /"cart" has no key/);
    assert.match(await refused("branch", "get", "Cart:x"), /"Cart" is not the name of a service/);
    assert.match(await refused("branch", "get", "cart:-"), /"-" is not a key/);
    assert.match(await refused("branch", "get", "a:b", "c"), /too many arguments: a:b, c/);
    assert.match(await refused("env", "get", "Ops_101"), /not the name of an environment/);
    assert.match(await refused("env", "extend", "a", "--by", "soon"), /"soon" is not a duration/);
    assert.match(await refused("up", "--port", "70000"), /not a port/);
    assert.match(await refused("up", "--host", "laptop"), /not an IP address.*0\.0\.0\.0 for all/s);
    assert.match(await refused("up", "--host", "fe80::1%eth0"), /not an IP address/);
    assert.match(
      await refused("up", "--domain", "10.0.0.5"),
      /below the address 10.*10\.0\.0\.5\.nip/s,
    );
    assert.match(await refused("up", "--domain", "a b"), /"a b" is not a domain/);
    assert.match(await refused("logs", "--tail", "-1"), /--tail: "-1" is not a whole number/);
    assert.match(await refused("status", "-o", "xml"), /"xml" is not one of table, wide, json/);
    assert.match(await refused("logs", "-o", "yaml"), /"yaml" is not one of table, json/);
    assert.match(await refused("status", "--", "x"), /takes no words after --/);
    assert.match(
      await refused("branch", "deploy", "a", "--key", "k", "--env", "NOEQUALS"),
      /not KEY=VALUE/,
    );
  });

  it("refuses missing and conflicting options", async () => {
    const deploy = ["branch", "deploy", "cart"];
    assert.match(await refused(...deploy), /neither --branch nor --key/);
    assert.match(
      await refused(...deploy, "--key", "k", "--path", ".", "--url", "http://x"),
      /--path and --url exclude each other/,
    );
    assert.match(
      await refused(...deploy, "--key", "k", "--url", "http://x", "--", "node"),
      /--url excludes a command after --/,
    );
    assert.match(await refused(...deploy, "--key", "rc"), /--key rc is reserved.*\n.*rc deploy/);
    assert.match(await refused(...deploy, "--key", "stable"), /--key stable is reserved/);
    assert.match(
      await refused(...deploy, "--key", "k", "--url", "ftp://x"),
      /not an http or https URL/,
    );
    assert.match(await refused("rc", "deploy", "cart"), /neither --path nor --branch/);
    assert.match(
      await refused("env", "create", "e", "--variant", "a:x", "--variant", "a:y"),
      /has two variants of a: x and y/,
    );
    assert.match(await refused("env", "apply"), /neither -f nor NAME/);
  });

  it("writes an error as one JSON object on stderr under -o json, before or after the command", async () => {
    for (const argv of [
      ["branch", "get", "x", "-o", "json"],
      ["-o", "json", "branch", "get", "x"],
      ["branch", "get", "x", "--output=json"],
      ["branch", "get", "-ojson", "x"],
      ["branch", "get", "x", "-o", "yaml", "-o", "json"],
      ["branch", "get", "-o", "yaml", "-o", "json", "--nonsense"],
    ]) {
      const { code, stderr } = await invoke(argv);
      assert.equal(code, 2);
      assert.deepEqual(keysOf(stderr), ["code", "message", "fix", "retryable"]);
      assert.partialDeepStrictEqual(JSON.parse(stderr), { code: "USAGE" });
      if (argv.includes("x")) assert.match(stderr, /SERVICE:KEY: .*has no key/);
    }
    const last = await invoke(["version", "-o", "json", "-o", "name"]);
    assert.match(last.stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("passes the words after -- on, even if they look like options", async () => {
    const { stderr } = await invoke([
      "branch",
      "deploy",
      "cart",
      "--key",
      "k",
      "--",
      "node",
      "-o",
      "json",
      "--help",
    ]);
    assert.match(
      stderr,
      /NOT_RUNNING/,
      "it got as far as looking for a cocktail, and printed a plain error",
    );
  });

  it("reports that no cocktail was found, and how to start one", async () => {
    const { code, stderr } = await invoke(["status"]);
    assert.equal(code, 1);
    assert.match(stderr, /found no cocktail\.yaml in this directory or above.*\n.*cocktail up/);
  });
});
