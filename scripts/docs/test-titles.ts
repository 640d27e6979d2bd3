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

/** The titles of the tests that a file holds as plain strings, without those that it skips. */
export function testTitles(file: string, text: string): ReadonlySet<string> {
  const titles = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const callee = calleeOf(node.expression);
      const [title] = node.arguments;
      const runs = callee !== undefined && !notRun.has(callee.modifier ?? "");
      if (runs && title !== undefined && ts.isStringLiteralLike(title)) titles.add(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return titles;
}
