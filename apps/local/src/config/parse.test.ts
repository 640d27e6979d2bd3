import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { formatFaults } from "./config.ts";
import { parseConfig } from "./parse.ts";
import { editDistance, suggest } from "./suggest.ts";

const fixtures = join(import.meta.dirname, "__fixtures__");
const file = "/src/shop/cocktail.yaml";

function faultsOf(text: string): string {
  const parsed = parseConfig(text, file);
  return parsed.ok ? "" : formatFaults("cocktail.yaml", parsed.faults);
}

const head = "apiVersion: cocktail.dev/v1alpha1\nkind: Cocktail\nmetadata: {name: shop}\n";

describe("cocktail.yaml", () => {
  test("the documented example compiles to absolute paths and defaults", () => {
    const parsed = parseConfig(readFileSync(join(fixtures, "valid.yaml"), "utf8"), file);
    assert.ok(parsed.ok, "the example is valid");
    const [payment, debugged] = parsed.config.services;
    assert.ok(payment !== undefined && debugged !== undefined);
    const { entryHash, ...rest } = payment;
    assert.match(entryHash, /^[0-9a-f]{16}$/);
    assert.deepEqual(rest, {
      name: "payment-service",
      path: "/src/shop/payment-service",
      ref: undefined,
      prepare: ["npm", "ci"],
      command: ["python3", "app.py"],
      url: undefined,
      protocol: "auto",
      health: "/healthz",
      env: { KEY: "value", RETRIES: "3", DEBUG: "true" },
      envFiles: [],
      copyFiles: [],
      entry: true,
    });
    assert.equal(debugged.path, "/src/shop");
    assert.equal(debugged.url, "http://127.0.0.1:3000");
    assert.equal(debugged.entry, false);
    assert.equal(parsed.config.domain, "localhost");
    assert.deepEqual(parsed.config.ticketProjects, ["MP"]);
  });

  test("variables may refer to addresses, and to nothing else", () => {
    const yaml = (value: string): string => `apiVersion: cocktail.dev/v1alpha1
kind: Cocktail
metadata: {name: shop}
services:
- {name: front, command: [node], env: {BASE: "${value}"}}
- {name: cart-service, command: [node]}
`;
    for (const fine of ["${CART_SERVICE_URL}/v1", "${HOST}:${PORT}", "$${LITERAL}", "$HOME", "a"])
      assert.ok(parseConfig(yaml(fine), file).ok, fine);
    assert.equal(
      faultsOf(yaml("${CART_URL}")),
      "cocktail.yaml:5:40: services[0].env.BASE: refers to CART_URL, which nothing gives. Fix: refer to HOST, PORT, FRONT_URL, CART_SERVICE_URL; a literal ${ is written $${",
    );
  });

  test("only files below the service's directory, and none of git's, are copied", () => {
    const yaml = (list: string): string =>
      `${head}services:\n- {name: a, command: [x], copyFiles: ${list}}\n`;
    const parsed = parseConfig(yaml("[.env.local, ./certs//dev.pem, .github/x]"), file);
    assert.ok(parsed.ok);
    const { copyFiles } = parsed.config.services[0] ?? {};
    assert.deepEqual(copyFiles, [".env.local", "certs/dev.pem", ".github/x"]);
    for (const path of ["/etc/passwd", "../.env", "a/../../b", "a/.."])
      assert.match(
        faultsOf(yaml(`[${path}]`)),
        /copyFiles\[0\]: is not below the service's dir/,
        path,
      );
    for (const path of [".git/hooks/post-checkout", "a/.GIT/config", ".git", ".", "certs/", "./"])
      assert.match(faultsOf(yaml(`[${path}]`)), /copyFiles\[0\]: is no file that can be/, path);
    assert.match(faultsOf(yaml('[""]')), /copyFiles\[0\]: must not be empty/);
    assert.match(faultsOf(yaml("[1]")), /copyFiles\[0\]: must be a string/);
    assert.match(faultsOf(yaml('["a\\0"]')), /copyFiles\[0\]: holds a NUL character/);
    assert.match(faultsOf(yaml(".env")), /copyFiles: must be a list of files\. Fix: write \[/);
    const many = JSON.stringify(Array.from({ length: 101 }, (_, number) => `f${number}`));
    assert.match(faultsOf(yaml(many)), /copyFiles: names more than 100 files/);
    const url = `${head}services:\n- {name: a, url: "http://127.0.0.1:1", copyFiles: [.env]}\n`;
    assert.match(faultsOf(url), /copyFiles: has no effect with url/);
  });

  test("all faults are reported at once, with line, path and fix", (t) => {
    const reported = faultsOf(readFileSync(join(fixtures, "faults.yaml"), "utf8"));
    t.assert.fileSnapshot(reported, join(fixtures, "faults.txt"), { serializers: [String] });
  });

  test("a file that isn't YAML names the line", () => {
    assert.match(
      faultsOf(`${head}services: [\n- name: a\n`),
      /^cocktail\.yaml:\d+:\d+: not YAML: .+ Fix: /m,
    );
    assert.match(
      faultsOf(`${head}kind: Cocktail\nservices: []\n`),
      /^cocktail\.yaml:4:1: duplicate key in a map/m,
    );
  });

  test("an empty file, a list and a text are no cocktail", () => {
    for (const text of ["", "- a\n", "hello\n"]) {
      assert.match(
        faultsOf(text),
        /must be a map\. Fix: begin with apiVersion/,
        JSON.stringify(text),
      );
    }
  });

  test("the hash of an entry follows its content, not its place or its comments", () => {
    const hash = (text: string): string | undefined => {
      const parsed = parseConfig(head + text, file);
      return parsed.ok
        ? parsed.config.services.find(({ name }) => name === "b")?.entryHash
        : undefined;
    };
    const one = hash("services:\n- {name: a, command: [x]}\n- {name: b, command: [y]}\n");
    assert.notEqual(one, undefined);
    assert.equal(hash("services: # moved\n- {command: [y], name: b}\n"), one);
    assert.notEqual(hash("services:\n- {name: b, command: [y, z]}\n"), one);
    assert.notEqual(hash("services:\n- {name: b, command: [y], env: {A: b}}\n"), one);
    assert.notEqual(hash("services:\n- {name: b, command: [y], copyFiles: [.env]}\n"), one);
    assert.equal(hash("services:\n- {name: b, command: [y], copyFiles: []}\n"), one);
    const moved = parseConfig(`${head}services:\n- {name: b, command: [y]}\n`, "/elsewhere/c.yaml");
    assert.equal(moved.ok && moved.config.services[0]?.entryHash, one, "moved with its directory");
  });

  test("names of objects' own machinery are ordinary services and variables", () => {
    const parsed = parseConfig(
      `${head}services:\n- {name: constructor, command: [x], env: {toString: a}}\n`,
      file,
    );
    assert.ok(parsed.ok);
    assert.equal(parsed.config.services[0]?.name, "constructor");
    assert.deepEqual(parsed.config.services[0]?.env, { toString: "a" });
  });

  test("an alias without an anchor, and too many aliases, are faults like any other", () => {
    const bomb = ["a: &a [x, x]", "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]"];
    const more = ["c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]", "d: [*c, *c, *c, *c]"];
    for (const text of ["*!", "a: *b", [...bomb, ...more].join("\n")]) {
      const parsed = parseConfig(text, file);
      assert.equal(parsed.ok, false, text);
      assert.match(parsed.ok ? "" : (parsed.faults[0]?.message ?? ""), /alias/i);
    }
  });

  test("syntax errors are reported with position and fix", () => {
    const service = "services:\n- {name: a, command: [x]}\n";
    const reported = (text: string): string => faultsOf(head + text);
    assert.equal(
      reported("services:\n- {name: a, command: [x], env: *b}\n- {name: c, command: *d}\n"),
      [
        "cocktail.yaml:5:32: *b is an alias without an anchor above it. Fix: put the anchor &b before it, or write the value out",
        "cocktail.yaml:6:22: *d is an alias without an anchor above it. Fix: put the anchor &d before it, or write the value out",
      ].join("\n"),
    );
    assert.equal(
      reported(`${service}---\na: b\n`),
      "cocktail.yaml:6:1: a second document begins. Fix: keep one, and remove the line ---",
    );
    assert.match(
      reported("services:\n\t- a\n"),
      /^cocktail\.yaml:5:1: not YAML: Tabs .* indent with spaces$/,
    );
    for (const deep of ["[".repeat(20_000), "{a: ".repeat(10_000)])
      assert.match(
        reported(`services: ${deep}`),
        /^cocktail\.yaml:\d+:\d+: is nested too deeply\. Fix: .*$/,
      );
  });

  test("a duplicate key doesn't hide the other faults", () => {
    const reported = faultsOf(`${head}services:\n- name: a\n  name: b\n  comand: [x]\n`);
    assert.match(reported, /^cocktail\.yaml:6:3: duplicate key in a map/m);
    assert.match(reported, /^cocktail\.yaml:7:3: services\[0\]\.comand: unknown key/m);
  });

  test("aliases, merge keys and a byte order mark are as good as in any YAML", () => {
    const text = `\uFEFF${head}services:\n- &a {name: a, command: [x], env: {A: b}}\n- {<<: *a, name: c}\n`;
    const parsed = parseConfig(text, file);
    assert.ok(parsed.ok, faultsOf(text));
    const [a, c] = parsed.config.services;
    assert.deepEqual([c?.command, c?.env], [a?.command, a?.env]);
  });

  test("values that can't be passed to a process are refused", () => {
    const nul = 'services:\n- {name: a, path: "a\\0b", command: ["x\\0"], env: {A: "\\0"}}\n';
    const reported = faultsOf(head + nul);
    assert.equal(reported.match(/holds a NUL character\. Fix: remove it/g)?.length, 3, reported);
    const url = faultsOf(`${head}services:\n- {name: a, url: "http://:secret@127.0.0.1:3000"}\n`);
    assert.match(url, /is not an http URL without a path/);
  });

  test("an envFile is below the service's directory", () => {
    const withFile = (envFile: string): string =>
      `apiVersion: cocktail.dev/v1alpha1\nkind: Cocktail\nmetadata: {name: a}\nservices:\n- {name: a, command: [x], envFile: ${JSON.stringify(envFile)}}\n`;
    assert.ok(parseConfig(withFile("config/.env"), "/a/cocktail.yaml").ok);
    for (const outside of ["/etc/passwd", "../.env", "config/../../.env"]) {
      const parsed = parseConfig(withFile(outside), "/a/cocktail.yaml");
      assert.ok(!parsed.ok, outside);
      assert.match(parsed.faults[0]?.message ?? "", /is not below the service's directory/);
    }
  });

  test("never throws, whatever the text", () => {
    const yaml = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `${head}services: ${json}`),
    );
    fc.assert(
      fc.property(yaml, (text) => {
        const parsed = parseConfig(text, file);
        assert.ok(parsed.ok || parsed.faults.length > 0);
      }),
    );
  });
});

test("a suggestion is near, or there is none", () => {
  assert.equal(suggest("comand", ["command", "env"]), "command");
  assert.equal(suggest("Command", ["command", "env"]), "command");
  assert.equal(suggest("helath", ["health", "path"]), "health");
  assert.equal(suggest("replicas", ["command", "env", "path"]), undefined);
  assert.equal(editDistance("helath", "health"), 1);
  assert.equal(editDistance("", "abc"), 3);
});
