import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { makeProject } from "./support/project.ts";

it("looking at somebody else's directory runs nothing of it, and ends no process that it names", async () => {
  await using project = await makeProject();
  const { cocktail, directory } = project;
  const ran = join(directory, "ran");
  await writeFile(
    join(directory, "cocktail.yaml"),
    `apiVersion: cocktail.dev/v1alpha1
kind: Cocktail
metadata: {name: foreign}
services:
- {name: front, path: ., prepare: [touch, ${ran}], command: [touch, ${ran}], entry: true}
`,
  );
  const ofTheUser = spawn("sleep", ["60"], { stdio: "ignore" });
  const planted = {
    pid: ofTheUser.pid,
    startTime: "guessed",
    runId: "0123456789abcdef",
    name: "foreign",
    version: "0.1.0",
    api: "http://127.0.0.1:9",
    edge: "http://127.0.0.1:9",
    token: "planted",
    ready: true,
    startedAt: "2026-01-01T00:00:00.000Z",
    recovered: [],
  };
  await mkdir(join(directory, ".cocktail/processes"), { recursive: true });
  const record = {
    pid: planted.pid,
    startTime: planted.startTime,
    runId: planted.runId,
    name: "front:stable#1",
  };
  await writeFile(join(directory, ".cocktail/run.json"), JSON.stringify(planted));
  await writeFile(
    join(directory, `.cocktail/processes/${planted.pid}.json`),
    JSON.stringify(record),
  );
  try {
    for (const words of [
      ["status"],
      ["doctor"],
      ["env", "list"],
      ["logs"],
      ["init", "--print"],
      ["down"],
      ["down", "--purge"],
    ])
      await cocktail(...words);
    assert.equal(existsSync(ran), false);
    assert.deepEqual([ofTheUser.exitCode, ofTheUser.signalCode], [null, null]);
  } finally {
    ofTheUser.kill();
  }
});
