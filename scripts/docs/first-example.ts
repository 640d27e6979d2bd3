/** The first lines of a README that run: their language and text, and the line of output that the page promises. */
export interface Example {
  readonly language: string;
  readonly code: string;
  /** From the sentence "It prints `...`." right below, or the `text` block right below. */
  readonly prints: string | undefined;
}

const block = /^```(\w+)\n([\s\S]*?)^```\n/m;

/** The first code block of a page, undefined when there is none. */
export function firstExample(markdown: string): Example | undefined {
  const found = block.exec(markdown);
  if (found === null) return undefined;
  const [text, language = "", code = ""] = found;
  const below = markdown.slice(found.index + text.length).trimStart();
  const sentence = /^It prints `([^`]+)`/.exec(below)?.[1];
  const output = /^```text\n([\s\S]*?)\n```/.exec(below)?.[1];
  return { language, code, prints: sentence ?? output };
}
