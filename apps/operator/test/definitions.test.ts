import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { definitionFiles, directory } from "./definition-files.ts";

test("the definitions of the chart are those that the models make", () => {
  for (const [name, content] of definitionFiles)
    assert.equal(
      readFileSync(join(directory, name), "utf8"),
      content,
      `${name} is not what the models make: run npm run definitions`,
    );
  const there = readdirSync(directory).filter((name) => name.endsWith(".cocktail.dev.yaml"));
  assert.deepEqual(there.toSorted(), definitionFiles.map(([name]) => name).toSorted());
});
