import { join } from "node:path";
import { test } from "node:test";
import { catalog } from "../commands/index.ts";
import { renderReference } from "./reference.ts";

const page = join(import.meta.dirname, "../../../../docs/reference/cli.md");

test("docs/reference/cli.md says what the commands are", (t) => {
  t.assert.fileSnapshot(renderReference(catalog), page, { serializers: [String] });
});
