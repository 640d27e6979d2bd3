import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { firstExample } from "../../scripts/docs/first-example.ts";
import { pack } from "../../scripts/pack/pack.ts";
import { root } from "../../scripts/run-step.ts";
import { run } from "./run-elsewhere.ts";

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
    // Alone: what it needs of this repository lies in it.
    const project = await emptyProject("context", tarball("context"));
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

  /** A service of CommonJS, which asks itself over its own client, so that the route has to come in and to go out. */
  const commonjsService = `const http = require("node:http");
    const { install } = require("@cocktail/context");
    const { routeContext } = require("@cocktail/context/express");
    module.exports = async function ask() {
      const listen = (listener) => new Promise((done) => {
        const server = http.createServer(listener).listen(0, "127.0.0.1", () => done(server));
      });
      const echo = await listen((request, response) => response.end(String(request.headers["x-service-route"])));
      const port = (server) => "http://127.0.0.1:" + server.address().port;
      const enter = routeContext({ hosts: ["127.0.0.1"] });
      const shop = await listen((request, response) =>
        enter(request, response, () => {
          http.get(port(echo), (answer) => answer.pipe(response));
        }));
      const answer = await fetch(port(shop), { headers: { "x-service-route": "payment:mp-1" } });
      const text = await answer.text();
      for (const server of [echo, shop]) server.closeAllConnections(), server.close();
      return text;
    };`;

  async function commonjsProject(name: string, ...more: readonly string[]): Promise<string> {
    const others = more.map((other) => Promise.resolve(other));
    const project = await emptyProject(name, tarball("context"), ...others);
    await writeFile(join(project, "package.json"), '{"private": true, "type": "commonjs"}\n');
    await writeFile(join(project, "service.js"), commonjsService);
    return project;
  }

  test("context: loads by require, from every door, and both kinds are one library", async () => {
    const project = await commonjsProject("commonjs");
    await writeFile(
      join(project, "main.js"),
      `for (const door of ["", "/express", "/fastify", "/register"]) require("@cocktail/context" + door);
      require("./service.js")().then(async (seen) => {
        const required = require("@cocktail/context");
        const imported = await import("@cocktail/context");
        const inside = imported.run(imported.contextFrom({ "x-service-route": "a:b" }), () => required.current().key);
        console.log(seen, inside, imported.run === required.run);
      });`,
    );
    // CI gives the oldest Node that is supported, and the newest of its line.
    const older = (process.env["COCKTAIL_OLD_NODES"] ?? "").split(delimiter).filter(Boolean);
    for (const node of [process.execPath, ...older]) {
      const printed = await run(project, node, ["main.js"]);
      assert.equal(printed, "payment:mp-1 a:b false\n", node);
    }
  });

  test("context: is preloaded by an absolute path, from any directory", async () => {
    const project = await commonjsProject("preloaded");
    const elsewhere = join(dir, "elsewhere");
    await mkdir(elsewhere);
    const find = ["-p", 'require.resolve("@cocktail/context/register")'];
    const path = (await run(project, process.execPath, find)).trim();
    await writeFile(
      join(elsewhere, "main.mjs"),
      "import http from 'node:http'; console.log(typeof globalThis[Symbol.for('@cocktail/context/1')], http.Server.prototype.emit.name);",
    );
    for (const flag of ["--require", "--import"]) {
      const printed = await run(elsewhere, "env", [
        `NODE_OPTIONS=${flag} ${path}`,
        process.execPath,
        "main.mjs",
      ]);
      assert.equal(printed, "object emitInContext\n", flag);
    }
  });

  test("context: works in Jest", async () => {
    const project = await commonjsProject("jest", "jest@30.5.2");
    await writeFile(
      join(project, "service.test.js"),
      `test("the route goes through", async () => {
        expect(await require("./service.js")()).toBe("payment:mp-1");
        require("@cocktail/context/register");
      });`,
    );
    await run(project, process.execPath, ["node_modules/jest/bin/jest.js", "--ci"]);
  });

  test("context: works in Jest that hands it to Babel", async () => {
    // What services do that have other dependencies of ES modules alone.
    const babel = ["jest@30.5.2", "@babel/plugin-transform-modules-commonjs@7.29.14"];
    const project = await commonjsProject("jest-babel", ...babel);
    await writeFile(
      join(project, "babel.config.js"),
      'module.exports = { plugins: ["@babel/plugin-transform-modules-commonjs"] };',
    );
    await writeFile(
      join(project, "jest.config.js"),
      'module.exports = { transformIgnorePatterns: ["/node_modules/(?!@cocktail/)"] };',
    );
    await writeFile(
      join(project, "service.test.js"),
      `import { contextFrom, current, run } from "@cocktail/context";
      import ask from "./service.js";
      test("the route goes through", async () => {
        expect(await ask()).toBe("payment:mp-1");
        expect(run(contextFrom({ "x-service-route": "a:b" }), () => current().key)).toBe("a:b");
      });`,
    );
    await run(project, process.execPath, ["node_modules/jest/bin/jest.js", "--ci"]);
  });

  test("context: works in a bundle of esbuild, as CommonJS and as ES modules", async () => {
    const project = await commonjsProject("esbuild");
    await writeFile(
      join(project, "main.mjs"),
      `import "@cocktail/context/register";
      import { run, contextFrom, current, install } from "@cocktail/context";
      install({ hosts: ["127.0.0.1"], leakGuard: true });
      console.log(run(contextFrom({ "x-service-route": "a:b" }), () => current().key));`,
    );
    for (const format of ["cjs", "esm"] as const) {
      const outfile = join(project, `out.${format === "cjs" ? "cjs" : "mjs"}`);
      await build({
        entryPoints: [join(project, "main.mjs")],
        bundle: true,
        platform: "node",
        format,
        outfile,
        logLevel: "error",
      });
      assert.equal(await run(dir, process.execPath, [outfile]), "a:b\n", format);
    }
  });

  test("context: its types are found from CommonJS projects", async () => {
    const project = await commonjsProject("commonjs-types");
    const source = `import { current, install } from "@cocktail/context";
      import { routeContext } from "@cocktail/context/express";
      export const used = [current, install, routeContext];
      // @ts-expect-error: a missing type would be any, which allows this
      install.nothing;`;
    await writeFile(join(project, "a.ts"), source);
    const typeRoots = join(root, "node_modules/@types");
    for (const [compiler, module] of [
      ["tsc6", "node16"],
      ["tsc6", "node18"],
      ["tsc6", "nodenext"],
      ["tsc", "node16"],
      ["tsc", "nodenext"],
    ] as const) {
      const options = ["--strict", "--module", module, "--target", "es2024", "--noEmit"];
      const tsc = join(root, "node_modules/.bin", compiler);
      await run(project, tsc, [...options, "--types", "node", "--typeRoots", typeRoots, "a.ts"]);
    }
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
