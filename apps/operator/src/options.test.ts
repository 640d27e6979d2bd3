import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "./options.ts";

const read = (...argv: readonly string[]) => readSettings(argv, true);

test("without arguments it works in all namespaces, for people on a terminal", () => {
  const answer = read();
  assert.ok(answer.ok);
  const { namespaces, logFormat, tighten, health, batchMs } = answer.settings;
  assert.deepEqual(
    { namespaces, logFormat, tighten, health, batchMs },
    {
      namespaces: [],
      logFormat: "pretty",
      tighten: true,
      health: { host: "127.0.0.1", port: 8081 },
      batchMs: 1_000,
    },
  );
  const pod = readSettings([], false);
  assert.equal(pod.ok && pod.settings.logFormat, "json");
});

test("arguments are read as the chart writes them", () => {
  const answer = read(
    "--health=:8081",
    "--batch-ms=0",
    "--keep-patterns",
    "--namespaces",
    "a",
    "b",
  );
  assert.ok(answer.ok);
  const { namespaces, tighten, health, batchMs } = answer.settings;
  assert.deepEqual([namespaces, tighten, batchMs], [["a", "b"], false, 0]);
  assert.deepEqual(health, { host: "0.0.0.0", port: 8_081 });
});

test("what is wrong with an argument is told, with exit code 2; help is exit code 0", () => {
  for (const [argv, text] of [
    [["--batch-ms", "-1"], /--batch-ms.*whole number from 0 to 60000/],
    [["--lease-seconds", "1"], /whole number from 3 to 3600/],
    [["--health", "nowhere"], /HOST:PORT or :PORT/],
    [["--health", ":99999"], /HOST:PORT or :PORT/],
    [["--naming", "mine"], /unique, compatibility/],
    [["--what"], /unknown option '--what'/],
    [["word"], /too many arguments/],
  ] as const) {
    const answer = read(...argv);
    assert.ok(!answer.ok);
    assert.equal(answer.exitCode, 2);
    assert.match(answer.text, text);
  }
  const help = read("--help");
  assert.ok(!help.ok);
  assert.equal(help.exitCode, 0);
  assert.match(help.text, /VirtualServiceMerge/);
});
