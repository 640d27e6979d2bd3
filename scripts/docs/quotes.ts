import { dirname, join } from "node:path/posix";
import type { Clone } from "./links.ts";

const quote = /^\[`[^`]+`\]\((?<target>[^)#]+)\):\n\n```\w*\n(?<code>[\s\S]*?)^```$/gm;

/**
 * Quotes of a page that differ from their file, one sentence each. A quote is a code block below a line that is nothing
 * but a link to the file and a colon; it has to be whole lines of it, without a gap.
 */
export function staleQuotes(page: string, clone: Clone): readonly string[] {
  const text = clone.read(page);
  return [...text.matchAll(quote)].flatMap(({ index, groups }) => {
    const file = join(dirname(page), groups?.["target"] ?? "");
    const code = groups?.["code"] ?? "";
    if (!clone.has(file)) return []; // The links are checked by themselves.
    if (`\n${clone.read(file)}`.includes(`\n${code}`)) return [];
    const line = text.slice(0, index).split("\n").length;
    return [`${page}:${line}: the code below is not what ${file} holds`];
  });
}
