import assert from "node:assert/strict";
import { test } from "node:test";
import { firstExample } from "./first-example.ts";

test("the first block is the example, and the sentence below says what it prints", () => {
  const page =
    "# A\n\nText.\n\n```js\nlet a;\nf(a);\n```\n\nIt prints `one two`.\n\n```sh\nls\n```\n";
  assert.deepEqual(firstExample(page), {
    language: "js",
    code: "let a;\nf(a);\n",
    prints: "one two",
  });
});

test("a text block below says it too", () => {
  assert.equal(firstExample("```sh\nls\n```\n\n```text\na\nb\n```\n")?.prints, "a\nb");
});

test("what stands further down promises nothing, and a page without code has no example", () => {
  assert.equal(firstExample("```js\nf();\n```\n\nText. It prints `x`.\n")?.prints, undefined);
  assert.equal(firstExample("# Only words\n"), undefined);
});
