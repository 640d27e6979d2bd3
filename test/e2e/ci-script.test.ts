import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");
const script = join(root, "examples/ci/test-branch.sh");

describe("examples/ci/test-branch.sh, in a directory of its own", { timeout: 300_000 }, () => {
  it("tests a branch beside stable, exits as the tests do, and leaves nothing", async () => {
    await using project = await makeProject();
    const ask = `fetch(process.env.EDGE, { headers: { "x-service-route": process.env.ROUTE } })
      .then((answer) => answer.json())
      .then(({ variant, back }) => process.exit(variant === "stable" && back.variant === "ci-1" ? 7 : 8))`;
    const failed = await project.run("back", "ci-1", process.execPath, "-e", ask);
    assert.equal(failed.code, 7, failed.output);
    assert.match(failed.output, /back:ci-1 +yes/, "a failure shows the status");
    assert.ok(!existsSync(join(project.directory, ".cocktail")));
    const passed = await project.run("back", "ci-1", "true");
    assert.equal(passed.code, 0, passed.output);
  });

  it("fails, and shows why, where a service doesn't become ready", async () => {
    await using project = await makeProject();
    const yaml = join(project.directory, "cocktail.yaml");
    const broken =
      "\n  - {name: broken, path: ./back, command: [sh, -c, 'echo it broke; exit 1']}\n";
    await writeFile(yaml, (await readFile(yaml, "utf8")).trimEnd() + broken);
    const { code, output } = await project.run("back", "ci-1", "true");
    assert.equal(code, 1, output);
    assert.match(await readFile(join(project.directory, "cocktail-logs.txt"), "utf8"), /it broke/);
    assert.ok(!existsSync(join(project.directory, ".cocktail")));
  });
});

async function makeProject() {
  const directory = await mkdtemp(join(tmpdir(), "cocktail-ci-"));
  await cp(join(import.meta.dirname, "fixtures/pair"), directory, { recursive: true });
  const bin = [join(root, "node_modules/.bin"), dirname(process.execPath)];
  const env = {
    ...process.env,
    PATH: [...bin, process.env["PATH"]].join(delimiter),
    EDGE_PORT: String(await freePort()),
    NO_COLOR: "1",
  };
  return {
    directory,
    async run(...args: readonly string[]) {
      const child = spawn(script, args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      const code = await new Promise((settle) => child.once("close", settle));
      return { code, output };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The script wants to know its port before. If another process takes it, the start fails and names it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
