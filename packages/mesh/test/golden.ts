import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";

/**
 * Compares objects with `test/__fixtures__/golden/NAME.yaml`. UPDATE_GOLDEN=1 writes it: read the difference before you commit it. A suite on a real
 * cluster applies every object of every file, past istiod's admission webhook.
 */
export function golden(name: string, why: string, objects: readonly object[]): void {
  const file = fileURLToPath(new URL(`__fixtures__/golden/${name}.yaml`, import.meta.url));
  const documents = objects.map((one) =>
    stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  const text = `# ${why}\n${documents.join("---\n")}`;
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(readFileSync(file, "utf8"), text);
  assert.deepEqual(
    parseAllDocuments(text).map((one) => one.toJS() as unknown),
    JSON.parse(JSON.stringify(objects)),
  );
}
