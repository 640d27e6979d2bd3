import assert from "node:assert/strict";
import { test } from "node:test";
import { looseVersions, missingPlatforms, platformOf, withPlatforms } from "./lockfile.ts";

test("a platform is read from the name of its package", () => {
  assert.deepEqual(
    [
      "@x/binding-linux-x64-musl",
      "@x/linux-arm-gnueabihf",
      "@x/windows-x64",
      "@x/binding-linux-arm64-gnu",
      "fsevents",
    ].map(platformOf),
    [
      { os: ["linux"], cpu: ["x64"], libc: ["musl"] },
      { os: ["linux"], cpu: ["arm"] },
      { os: ["win32"], cpu: ["x64"] },
      { os: ["linux"], cpu: ["arm64"], libc: ["glibc"] },
      undefined,
    ],
  );
});

const packages = {
  "": {},
  "node_modules/lint": {
    version: "2.0.0",
    dev: true,
    optionalDependencies: { "@lint/darwin-x64": "2.0.0", "@lint/linux-x64": "2.0.0" },
  },
  "node_modules/@lint/linux-x64": { version: "2.0.0", optional: true },
  "node_modules/a/node_modules/b": {
    version: "1.0.0",
    optionalDependencies: { "c-linux-arm": "1.0.0" },
  },
  "node_modules/a/node_modules/c-linux-arm": { version: "1.0.0" },
};

test("a platform without an entry is found, one beside or above its user is not missing", () => {
  assert.deepEqual(missingPlatforms(packages), [
    {
      name: "@lint/darwin-x64",
      entry: { version: "2.0.0", dev: true, optional: true, cpu: ["x64"], os: ["darwin"] },
    },
  ]);
});

test("a mended lockfile lacks nothing, keeps the rest and npm's order", () => {
  const mended = withPlatforms(packages, missingPlatforms(packages));
  assert.deepEqual(missingPlatforms(mended), []);
  assert.deepEqual(Object.keys(mended).slice(0, 3), [
    "",
    "node_modules/@lint/darwin-x64",
    "node_modules/@lint/linux-x64",
  ]);
  assert.equal(Object.keys(mended).length, Object.keys(packages).length + 1);
});

test("only one exact version is exact", () => {
  assert.deepEqual(
    looseVersions({
      a: "1.2.3",
      b: "18.4.0-beta.17",
      c: "npm:typescript@7.0.2",
      d: "npm:@typescript/typescript6@6.0.2",
      e: "^1.2.3",
      f: "*",
      g: "npm:typescript@^7.0.2",
    }),
    ["e: ^1.2.3", "f: *", "g: npm:typescript@^7.0.2"],
  );
});
