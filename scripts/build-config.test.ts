import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { buildProblems, type BuiltWorkspace } from "./build-config.ts";
import { root } from "./run-step.ts";

const route: BuiltWorkspace = { dir: "packages/route", dependencies: [], references: [] };
const client: BuiltWorkspace = {
  dir: "packages/client",
  dependencies: ["@cocktail/route", "yaml"],
  references: ["packages/route"],
};

test("a build that follows the dependencies has no problem", () => {
  const workspaces = new Map([
    ["@cocktail/route", route],
    ["@cocktail/client", client],
  ]);
  assert.deepEqual(buildProblems(workspaces, ["packages/route", "packages/client"]), []);
});

test("a missing build, a missing root reference and a missing sibling are named", () => {
  const workspaces = new Map([
    ["@cocktail/route", { ...route, references: undefined }],
    ["@cocktail/client", { ...client, references: [] }],
  ]);
  assert.deepEqual(buildProblems(workspaces, []), [
    "packages/route has no tsconfig.build.json",
    "tsconfig.build.json does not build packages/client",
    "packages/client/tsconfig.build.json does not reference packages/route",
  ]);
});

interface Read {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exclude?: readonly string[];
  readonly references?: readonly { readonly path: string }[];
}

// Both kinds of file are read by npm and tsc before us.
const read = (file: string): Read => JSON.parse(readFileSync(join(root, file), "utf8")) as Read;

const referencesOf = (file: string): readonly string[] =>
  (read(file).references ?? []).map(({ path }) => dirname(join(dirname(file), path)));

test("this repository builds all of its packages, in the order of their dependencies", () => {
  const manifests = globSync("{packages,apps}/*/package.json", { cwd: root });
  assert.ok(manifests.length > 5, `only ${manifests.length} packages were found`);
  const workspaces = new Map(
    manifests.map((file): [string, BuiltWorkspace] => {
      const { name = file, dependencies = {} } = read(file);
      const config = join(dirname(file), "tsconfig.build.json");
      const references = existsSync(join(root, config)) ? referencesOf(config) : undefined;
      return [name, { dir: dirname(file), dependencies: Object.keys(dependencies), references }];
    }),
  );
  assert.deepEqual(buildProblems(workspaces, referencesOf("tsconfig.build.json")), []);
});

test("what is built holds no helper of tests", () => {
  const sources = globSync("{packages,apps}/*/src/**/*.ts", { cwd: root }).filter(
    (file) => !/\.test\.ts$|\/__fixtures__\/|\/testing\//.test(file),
  );
  const helpers = sources.filter((file) =>
    /from "(?:node:test|fast-check)"/.test(readFileSync(join(root, file), "utf8")),
  );
  assert.deepEqual(helpers, [], "move these into a folder `testing`, which is not built");
  for (const file of globSync("{packages,apps}/*/tsconfig.build.json", { cwd: root })) {
    const { exclude = [] } = read(file);
    assert.ok(exclude.includes("src/**/testing/**"), `${file} builds helpers of tests`);
  }
});
