import assert from "node:assert/strict";
import { test } from "node:test";
import { staleQuotes } from "./quotes.ts";

function problemsOf(page: string): readonly string[] {
  const files: Readonly<Record<string, string>> = {
    "docs/a.md": page,
    "src/x.go": "package x\n\nfunc a() {\n}\n",
  };
  return staleQuotes("docs/a.md", { has: (path) => path in files, read: (path) => files[path]! });
}

const quoting = (code: string): string =>
  `# A\n\n[\`src/x.go\`](../src/x.go):\n\n\`\`\`go\n${code}\`\`\`\n`;

test("whole lines of the file are a quote, all of them or some", () => {
  assert.deepEqual(problemsOf(quoting("package x\n\nfunc a() {\n}\n")), []);
  assert.deepEqual(problemsOf(quoting("func a() {\n}\n")), []);
});

test("a changed line, part of a line and a gap are named with their line", () => {
  for (const code of ["func b() {\n}\n", "unc a() {\n}\n", "package x\nfunc a() {\n"]) {
    assert.deepEqual(problemsOf(quoting(code)), [
      "docs/a.md:3: the code below is not what src/x.go holds",
    ]);
  }
});

test("code that names no file quotes nothing, and a missing file is the business of the links", () => {
  assert.deepEqual(problemsOf("See [`src/x.go`](../src/x.go):\n\n```go\nfunc b() {\n```\n"), []);
  assert.deepEqual(problemsOf("[`src/y.go`](../src/y.go):\n\n```go\nfunc b() {\n```\n"), []);
});
