import { type Document, type LineCounter, visit } from "yaml";
import type { Fault } from "./config.ts";

/** Syntax errors as faults. */
export function syntaxFaults(document: Document.Parsed, lines: LineCounter): readonly Fault[] {
  const tooDeep = document.errors.find(({ message }) => isTooDeep(message));
  const errors = tooDeep === undefined ? document.errors : [tooDeep];
  return errors.map(({ code, message, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    return { line, column: col, path: "", ...syntaxWords(code, message) };
  });
}

function syntaxWords(code: string, message: string): Pick<Fault, "message" | "fix"> {
  if (code === "DUPLICATE_KEY")
    return { message: "duplicate key in a map", fix: "keep one of them" };
  if (code === "MULTIPLE_DOCS")
    return { message: "a second document begins", fix: "keep one, and remove the line ---" };
  if (isTooDeep(message)) return { message: "is nested too deeply", fix: "flatten it" };
  return {
    message: `not YAML: ${firstLine(message)}`,
    fix: "fix the YAML syntax; indent with spaces",
  };
}

/** The library is recursive, so it overflows the stack. */
function isTooDeep(message: string): boolean {
  return message.includes("call stack");
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/[.:]$/, "");
}

/** The document as plain data, or its faults. */
export type Data =
  | { readonly kind: "data"; readonly value: unknown }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

export function toData(document: Document.Parsed, lines: LineCounter): Data {
  try {
    // Aliases are expanded at most 100 times, which is the library's own limit against bombs.
    return { kind: "data", value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (error) {
    // An alias without an anchor, or too many aliases: the library reports them only here, and without position.
    const unanchored = aliasesWithoutAnchor(document, lines);
    if (unanchored.length > 0) return { kind: "faults", faults: unanchored };
    const message = `not YAML: ${firstLine(error instanceof Error ? error.message : String(error))}`;
    const fix = "write the value out instead of the alias";
    return { kind: "faults", faults: [{ line: 1, column: 1, path: "", message, fix }] };
  }
}

function aliasesWithoutAnchor(document: Document.Parsed, lines: LineCounter): readonly Fault[] {
  const faults: Fault[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => void (node.anchor !== undefined && anchors.add(node.anchor)),
    Alias: (_, { range, source }) => {
      if (anchors.has(source)) return;
      const { col, line } = lines.linePos(range?.[0] ?? 0);
      const message = `*${source} is an alias without an anchor above it`;
      const fix = `put the anchor &${source} before it, or write the value out`;
      faults.push({ line, column: col, path: "", message, fix });
    },
  });
  return faults;
}
