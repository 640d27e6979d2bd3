import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, filesOfClone, readIfThere } from "./clone.ts";
import { invariantProblems, parseInvariants } from "./spec.ts";
import { testTitles } from "./test-titles.ts";

const page = [
  "### R-1 Pins win",
  "Text.",
  'Test: x.test.ts "a pin wins"',
  'Test: x.test.ts "also "quoted""',
  "```md",
  "### R-99 An example",
  "```",
  "### R-2 Layers",
  'Test: x.test.ts "a layer"',
].join("\n");

const titles = `test("a pin wins", () => {}); describe("d", () => { it('also "quoted"', f); it.skip("a layer", f); });`;

test("rules are read with their tests, and examples in code are none", () => {
  assert.deepEqual(
    parseInvariants("p.md", page).map(({ id, title, line, tests }) => [
      id,
      title,
      line,
      tests.length,
    ]),
    [
      ["R-1", "Pins win", 1, 2],
      ["R-2", "Layers", 8, 1],
    ],
  );
});

test("titles come from calls that run, not from comments, strings or skipped tests", () => {
  const source = `// test("comment")
    const s = 'test("string")';
    test("plain", f); test.only(\`template\`, f); t.test("sub", f); it.todo("todo"); it.skip("skipped", f); other("no");`;
  const titles = testTitles("x.ts", source);
  const asked = ["plain", "template", "sub", "todo", "skipped", "no", "comment", "string"];
  assert.deepEqual(asked.filter(titles.has), ["plain", "template", "sub"]);
});

test("a title with holes stands for what the table beside it makes of it", () => {
  const source = `const cases = { "a.b": [404, "NotFound"], plain: [200, "ok"] };
    for (const [host, [status, what]] of Object.entries(cases)) it(\`\${host} is \${status} \${what}!\`, f);`;
  const titles = testTitles("x.ts", source);
  const asked = [
    "a.b is 404 NotFound!",
    "plain is 200 ok!",
    "a.b is 404 NotFound",
    "aXb is 404 ok!",
  ];
  assert.deepEqual(asked.filter(titles.has), asked.slice(0, 2));
});

test("a rule whose tests exist has no problem", () => {
  const [rule] = parseInvariants("p.md", page);
  assert.ok(rule);
  assert.deepEqual(
    invariantProblems([rule], () => titles),
    [],
  );
});

test("a skipped test, a missing file, no test, a bad number and a number used twice are problems", () => {
  const bad = `${page}\n### R-1 Again\nTest: gone.test.ts "x"\n### first No number\n`;
  const read = (file: string): string | undefined => (file === "x.test.ts" ? titles : undefined);
  assert.deepEqual(invariantProblems(parseInvariants("p.md", bad), read), [
    'p.md:8: R-2 x.test.ts has no running test "a layer"',
    "p.md:10: R-1 is already used in p.md:1",
    "p.md:10: R-1 gone.test.ts does not exist",
    "p.md:12: first its number must look like R-12",
    'p.md:12: first no test holds it (Test: path "title")',
  ]);
});

test("every rule of docs/spec names tests that exist and run", () => {
  const pages = filesOfClone().filter((file) => /^docs\/spec\/[^/]+\.md$/.test(file));
  const rules = pages.flatMap((file) => parseInvariants(file, clone.read(file)));
  assert.ok(rules.length > 0, "docs/spec holds no rule: the parser reads nothing");
  assert.deepEqual(invariantProblems(rules, readIfThere), []);
});
