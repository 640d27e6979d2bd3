import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorsOf, linksOf } from "./markdown.ts";

test("links are found with their line, inline and by reference, and not in code", () => {
  const page = [
    "See [one](a.md) and [two](<b.md#x>) and `[no](code.md)`.",
    "```md",
    "[no](fenced.md)",
    "```",
    '[three](c.md "title")',
    "[ref]: d.md",
  ].join("\n");
  assert.deepEqual(linksOf(page), [
    { target: "a.md", line: 1 },
    { target: "b.md#x", line: 1 },
    { target: "c.md", line: 5 },
    { target: "d.md", line: 6 },
  ]);
});

test("a fence of four holds a fence of three", () => {
  assert.deepEqual(linksOf("````\n```\n[no](a.md)\n```\n````\n[yes](b.md)"), [
    { target: "b.md", line: 6 },
  ]);
});

test("anchors are made as GitHub makes them", () => {
  const page =
    "# The `resolve` rule: one, two\n## Twice\n## Twice\n```sh\n# no heading\n```\n## [Link](x.md) end";
  assert.deepEqual(
    [...anchorsOf(page)],
    ["the-resolve-rule-one-two", "twice", "twice-1", "link-end"],
  );
});
