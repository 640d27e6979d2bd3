import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenLinks, type Clone } from "./links.ts";

function cloneOf(files: Readonly<Record<string, string>>): Clone {
  const paths = Object.keys(files);
  return {
    has: (path) => paths.some((file) => file === path || file.startsWith(`${path}/`)),
    read: (path) => files[path] ?? assert.fail(`${path} was read`),
  };
}

test("links to files, folders, headings and other sites are fine", () => {
  const clone = cloneOf({
    "docs/a.md":
      "# Top\n[b](../b.md#part-one) [dir](../src/) [self](#top) [site](https://example.com/x)",
    "b.md": "## Part one",
    "src/x.ts": "",
  });
  assert.deepEqual(brokenLinks("docs/a.md", clone), []);
});

test("a missing file, a missing heading and a way out of the repository are named with their line", () => {
  const clone = cloneOf({
    "a.md": "[x](b.md)\n\n[y](#nope)\n[z](../other/c.md)\n[abs](/etc/hosts)",
  });
  assert.deepEqual(brokenLinks("a.md", clone), [
    "a.md:1: (b.md) b.md does not exist",
    "a.md:3: (#nope) a.md has no heading #nope",
    "a.md:4: (../other/c.md) leads out of the repository",
    "a.md:5: (/etc/hosts) leads out of the repository",
  ]);
});
