import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bundledManifest,
  bundledSibling,
  publishedManifest,
  siblingsOf,
  type Manifest,
} from "./manifest.ts";

const route: Manifest = {
  name: "@cocktail/route",
  version: "1.0.0",
  exports: { ".": { "@cocktail/source": "./src/index.ts", default: "./dist/index.js" } },
  devDependencies: { "fast-check": "4.0.0" },
};
const client: Manifest = {
  name: "@cocktail/client",
  version: "1.0.0",
  dependencies: { "@cocktail/route": "1.0.0", yaml: "2.0.0" },
  optionalDependencies: { "pg-linux-x64": "1.0.0" },
};
const cli: Manifest = {
  name: "@cocktail/cli",
  version: "1.0.0",
  dependencies: { "@cocktail/client": "1.0.0", yaml: "2.0.0", commander: "15.0.0" },
};
const all = new Map([route, client, cli].map((manifest) => [manifest.name, manifest]));

test("a published package.json has no source condition and no tools", () => {
  assert.deepEqual(publishedManifest(route), {
    name: "@cocktail/route",
    version: "1.0.0",
    exports: { ".": { default: "./dist/index.js" } },
  });
});

test("siblings of siblings are found, each once", () => {
  assert.deepEqual(siblingsOf(cli, all), ["@cocktail/client", "@cocktail/route"]);
});

test("a sibling that is no workspace is an error that names it", () => {
  const broken = { ...cli, dependencies: { "@cocktail/gone": "1.0.0" } };
  assert.throws(() => siblingsOf(broken, all), /@cocktail\/gone/);
});

test("a bundle carries its siblings and asks the registry for what they need", () => {
  const bundle = bundledManifest(cli, [client, route]);
  assert.deepEqual(bundle.bundleDependencies, ["@cocktail/client", "@cocktail/route"]);
  assert.deepEqual(bundle.dependencies, {
    "@cocktail/client": "1.0.0",
    "@cocktail/route": "1.0.0",
    commander: "15.0.0",
    yaml: "2.0.0",
  });
  assert.deepEqual(bundle.optionalDependencies, { "pg-linux-x64": "1.0.0" });
});

test("a sibling inside a bundle asks for nothing itself", () => {
  const asked = { ...client, optionalDependencies: { "fast-thing": "1.0.0" } };
  const { dependencies, optionalDependencies, name } = bundledSibling(asked);
  assert.deepEqual([name, dependencies, optionalDependencies], [client.name, undefined, undefined]);
});

test("two versions of one dependency can't be bundled", () => {
  const other = { ...client, dependencies: { yaml: "1.0.0" } };
  assert.throws(() => bundledManifest(cli, [other]), /yaml 1\.0\.0.*2\.0\.0/);
});
