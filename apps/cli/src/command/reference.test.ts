import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalog } from "../commands/index.ts";
import { failureCodes } from "../failure.ts";
import { renderReference } from "./reference.ts";

const page = join(import.meta.dirname, "../../../../docs/reference/cli.md");
const sources = join(import.meta.dirname, "..");

test("docs/reference/cli.md matches the command definitions", (t) => {
  t.assert.fileSnapshot(renderReference(catalog), page, { serializers: [String] });
});

test("every documented error code is used", () => {
  const files = globSync("**/*.ts", { cwd: sources, exclude: ["**/*.test.ts", "failure.ts"] });
  const all = files.map((file) => readFileSync(join(sources, file), "utf8")).join("\n");
  for (const code of Object.keys(failureCodes)) assert.ok(all.includes(`"${code}"`), code);
});
