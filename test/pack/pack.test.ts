import assert from "node:assert/strict";
import { execFile, type ExecFileException } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { firstExample } from "../../scripts/docs/first-example.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { root } from "../../scripts/run-step.ts";

const node = dirname(process.execPath);

/** What npm and the test runner tell their children about the clone; certificates, proxies and registries stay. */
const ofTheClone =
  /^(npm_(?!config_)|npm_config_(local_|global_)?prefix$|INIT_CWD$|NODE_(OPTIONS|PATH|TEST_CONTEXT)$)/;

/** Runs a command far from the clone: with the tests' Node and without the clone's node_modules/.bin. */
function run(
  cwd: string,
  file: string,
  args: readonly string[],
  path: readonly string[] = [],
): Promise<string> {
  const others = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((dir) => !dir.startsWith(root));
  const own = Object.entries(process.env).filter(([name]) => !ofTheClone.test(name));
  const env = { ...Object.fromEntries(own), PATH: [...path, node, ...others].join(delimiter) };
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(" ")}: ${error.message}\n${stdout}\n${stderr}`));
    };
    execFile(file, args, { cwd, env, maxBuffer: 16 << 20, timeout: 300_000 }, done);
  });
}

/** Runs the first lines of a README as its reader would and answers what they print. */
async function runExample(
  dir: string,
  readme: string,
  path: readonly string[] = [],
): Promise<void> {
  const example = firstExample(await readFile(join(root, readme), "utf8"));
  assert.ok(example, `${readme} opens without lines that run`);
  const { language, code, prints } = example;
  assert.ok(prints, `${readme} doesn't say right below its first lines what they print`);
  const shell = language === "sh";
  const file = join(dir, shell ? "example.sh" : `example.${language}`);
  await writeFile(file, code);
  const output = shell
    ? await run(dir, "sh", ["-eu", file], path)
    : await run(dir, process.execPath, [file], path);
  for (const line of prints.split("\n"))
    assert.ok(output.includes(line), `no "${line}" in:\n${output}`);
}

describe("packages that are installed where this repository is not", () => {
  let dir = "";

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cocktail-installed-"));
    await run(root, "npm", ["run", "--silent", "build"]);
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const tarball = (name: string): Promise<string> =>
    pack(`@cocktail/${name}`, join(dir, "tarballs"));

  async function emptyProject(
    name: string,
    ...packages: readonly Promise<string>[]
  ): Promise<string> {
    const project = join(dir, name);
    await mkdir(project);
    await writeFile(join(project, "package.json"), '{"private": true, "type": "module"}\n');
    await run(project, "npm", [
      "install",
      "--no-audit",
      "--no-fund",
      ...(await Promise.all(packages)),
    ]);
    return project;
  }

  test("route: the first lines of its README run", async () => {
    const project = await emptyProject("route", tarball("route"));
    await runExample(project, "packages/route/README.md");
  });

  test("context: the first lines of its README run", async () => {
    const project = await emptyProject("context", tarball("route"), tarball("context"));
    await runExample(project, "packages/context/README.md");
  });

  test("route and context: their types are found and are strict", async () => {
    const project = await emptyProject("types", tarball("route"), tarball("context"));
    const source = `import { parseRoute, resolve } from "@cocktail/route";
      import { current, withRoute } from "@cocktail/context";
      export const used = [parseRoute, resolve, current, withRoute];
      // @ts-expect-error: a missing type would be any, which allows this
      parseRoute.nothing;
      // @ts-expect-error: the same
      withRoute.nothing;`;
    await writeFile(join(project, "a.ts"), source);
    const typeRoots = join(root, "node_modules/@types");
    const options = ["--strict", "--module", "nodenext", "--target", "es2024", "--noEmit"];
    const tsc = join(root, "node_modules/.bin/tsc6");
    await run(project, tsc, [...options, "--types", "node", "--typeRoots", typeRoots, "a.ts"]);
  });

  test("cli: its tarball stands alone, and the first lines of its README run", async () => {
    const prefix = join(dir, "prefix");
    const project = join(dir, "cli");
    await mkdir(project);
    await run(project, "npm", ["install", "--global", "--prefix", prefix, await tarball("cli")]);
    const bin = join(prefix, "bin");
    assert.ok(existsSync(join(bin, "cocktail")), "the tarball has no command `cocktail`");
    await runExample(project, "apps/cli/README.md", [bin]);
  });
});
