import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { root } from "../../scripts/run-step.ts";
import { run } from "../pack/run-elsewhere.ts";
import { clients, servers } from "./cells.ts";
import { interleave, type Outcome, requests, startEcho } from "./interleave.ts";

const kept: Outcome = { requests, lost: 0, mixed: 0 };

// CI gives the oldest Node that is supported first.
const [oldest = ""] = (process.env["COCKTAIL_OLD_NODES"] ?? "").split(delimiter);
const nodes = [process.execPath, oldest].filter((node) => node !== "");

let project = "";
let echo: { readonly url: string; readonly server: Server };

before(async () => {
  project = mkdtempSync(join(tmpdir(), "cocktail-frameworks-"));
  cpSync(join(import.meta.dirname, "project"), project, {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  await run(project, "npm", ["ci"]);
  mkdirSync(join(project, "node_modules/@cocktail"));
  symlinkSync(join(root, "packages/context"), join(project, "node_modules/@cocktail/context"));
  echo = await startEcho();
});
after(() => {
  echo.server.closeAllConnections();
  echo.server.close();
  rmSync(project, { recursive: true, force: true });
});

/** Starts one service of the project in a process of its own, and sends it the requests. */
async function outcomeOf(node: string, words: readonly string[], path = "/"): Promise<Outcome> {
  const preload = words.includes("preloaded") ? ["--import", "@cocktail/context/register"] : [];
  const flags = ["--conditions=@cocktail/source", "--experimental-strip-types", "--no-warnings"];
  const child = spawn(node, [...flags, ...preload, "main.js", ...words], {
    cwd: project,
    env: { ...process.env, DOWNSTREAM: echo.url, COCKTAIL_HOSTS: new URL(echo.url).host },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    return await interleave(`http://127.0.0.1:${await portOf(child)}${path}`);
  } finally {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
}

/** The service's only line. */
async function portOf(child: ChildProcess): Promise<string> {
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  if (child.stdout === null) throw new Error("the service has no output");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`the service ended before it listened: ${errors}`);
}

it("every service of the project is a cell", async () => {
  for (const [file, cells] of Object.entries({ servers, clients })) {
    const path = join(import.meta.dirname, `project/${file}.js`);
    const code = (await import(path)) as Record<string, object>;
    assert.deepEqual(
      Object.keys(code[file] ?? {}),
      cells.map(({ key }) => key),
    );
  }
});

for (const node of nodes) {
  const version = execFileSync(node, ["--version"]).toString().trim();

  describe(`200 interleaved requests keep their routes on Node ${version}, served by`, () => {
    for (const { key, name, path } of servers) {
      it(name, async () => assert.deepEqual(await outcomeOf(node, ["servers", key], path), kept));
      it(`${name}, preloaded`, async () =>
        assert.deepEqual(await outcomeOf(node, ["servers", key, "preloaded"], path), kept));
    }
  });

  describe(`200 interleaved requests on Node ${version} that call by`, () => {
    for (const { key, mixes } of clients) {
      if (mixes === undefined)
        it(`${key} keep their routes`, async () =>
          assert.deepEqual(await outcomeOf(node, ["clients", key]), kept));
      else
        it(`${key} lose them, as the page says`, async () => {
          const { lost, mixed } = await outcomeOf(node, ["clients", key]);
          assert.ok(lost + mixed > 0, "none was lost: remove the exception from the cell");
        });
    }
  });
}
