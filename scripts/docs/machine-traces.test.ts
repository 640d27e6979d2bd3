import assert from "node:assert/strict";
import { test } from "node:test";
import { machineTraces } from "./machine-traces.ts";

const files: Readonly<Record<string, string>> = {
  "a.md": "run it in /clone/here/packages",
  "b.ts": "// fine: /clone/elsewhere",
  "package-lock.json": '{"resolved": "https://registry.example/x.tgz"}',
  ".npmrc": "save-exact=true\nregistry=https://registry.example\n",
  "picture.png": "/clone/here/",
};

test("a path of this clone and a forced registry are found, other files are left alone", () => {
  assert.deepEqual(
    machineTraces(Object.keys(files), (file) => files[file] ?? "", "/clone/here"),
    [
      "a.md names this clone's directory",
      "package-lock.json forces a registry on everybody",
      ".npmrc forces a registry on everybody",
    ],
  );
});
