import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { openApi } from "../../test/open-api.ts";

const committed = new URL("../../../../docs/reference/openapi.json", import.meta.url);
const reference = new URL("../../../../docs/reference/api.md", import.meta.url);

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function describe(): Promise<Document> {
  await using api = await openApi();
  return (await (await api.request("/v1/openapi.json")).json()) as Document;
}

test("the committed OpenAPI document is up to date", async () => {
  const text = `${JSON.stringify(await describe(), undefined, 2)}\n`;
  if (process.env["UPDATE_OPENAPI"] === "1") await writeFile(committed, text);
  assert.equal(
    await readFile(committed, "utf8"),
    text,
    "run UPDATE_OPENAPI=1 node --conditions=@cocktail/source --test packages/control-plane/src/api/openapi.test.ts",
  );
});

test("the OpenAPI document has no dangling reference and no unused schema", async () => {
  const document = await describe();
  const text = JSON.stringify(document);
  const referred = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );
  assert.deepEqual(
    [...new Set(referred)].toSorted(),
    Object.keys(document.components.schemas).toSorted(),
  );
  assert.equal(document.openapi, "3.1.0");
  assert.doesNotMatch(text, /__SCHEMA/);
});

test("the reference lists exactly the existing operations", async () => {
  const { paths } = await describe();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const rows = (await readFile(reference, "utf8")).matchAll(/^\| `([A-Z]+) ([^`?]+)[^`]*` \|/gm);
  assert.deepEqual(
    [...rows].map(([, method, path]) => `${method} ${path}`).toSorted(),
    operations.toSorted(),
  );
});
