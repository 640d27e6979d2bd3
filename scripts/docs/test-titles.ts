import ts from "typescript";

const runners: ReadonlySet<string> = new Set(["test", "it", "describe", "suite"]);
const notRun: ReadonlySet<string> = new Set(["skip", "todo"]);

interface Callee {
  readonly runner: string;
  readonly modifier?: string;
}

/** `test`, `t.test`, `test.only`, `it.skip`: the runner, and what is said of it. */
function calleeOf(node: ts.Expression): Callee | undefined {
  if (ts.isIdentifier(node)) return runners.has(node.text) ? { runner: node.text } : undefined;
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const { name, expression } = node;
  if (runners.has(name.text)) return { runner: name.text };
  return ts.isIdentifier(expression) && runners.has(expression.text)
    ? { runner: expression.text, modifier: name.text }
    : undefined;
}

/** The title that a call gives to a test which runs. */
function titleOf(node: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const callee = calleeOf(node.expression);
  return callee === undefined || notRun.has(callee.modifier ?? "") ? undefined : node.arguments[0];
}

/** What may fill the holes of a title: the words and numbers that the file itself writes, as in a table of cases. */
function wordOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return node.text;
  const isKey = ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent);
  return isKey ? node.text : undefined;
}

const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

function patternOf(
  { head, templateSpans }: ts.TemplateExpression,
  words: readonly string[],
): RegExp {
  const hole = `(?:${words.map(quoted).join("|")})`;
  const rest = templateSpans.map(({ literal }) => hole + quoted(literal.text));
  return new RegExp(`^${quoted(head.text)}${rest.join("")}$`);
}

export interface TestTitles {
  readonly has: (title: string) => boolean;
}

/**
 * The titles of the tests in a file, without those that it skips. A title with holes (`refuses ${shape}`) stands for
 * every title that the words of the file can make of it.
 */
export function testTitles(file: string, text: string): TestTitles {
  const plain = new Set<string>();
  const withHoles: ts.TemplateExpression[] = [];
  const words = new Set<string>();
  const visit = (node: ts.Node): void => {
    const title = titleOf(node);
    if (title !== undefined && ts.isStringLiteralLike(title)) plain.add(title.text);
    if (title !== undefined && ts.isTemplateExpression(title)) withHoles.push(title);
    const word = wordOf(node);
    if (word !== undefined) words.add(word);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));

  const patterns = withHoles.map((title) => patternOf(title, [...words]));
  return { has: (title) => plain.has(title) || patterns.some((pattern) => pattern.test(title)) };
}
