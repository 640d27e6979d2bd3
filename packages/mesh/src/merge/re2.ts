import { RE2JS } from "re2js";

/** A character class, an escape, the begin or end of a group, a counted repetition, or one character. */
const token =
  /\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]])*\]|\\[pPx]\{[^}]*\}|\\[pP].|\\.|\{(\d+)(?:,(\d*))?\}|./gsu;
/** Measured: a character takes one instruction, with a question mark two or three, a class about one for two of its characters. */
const perByte = 4;

/**
 * How large the program may be that Envoy makes of a pattern, in RE2's instructions; never less than it is. Istio lets Envoy refuse programs over
 * 32,768, and with one of them every route of the port, in every proxy: what istiod accepts is not enough.
 */
export function programBound(pattern: string): number {
  const groups = [0];
  let last = 0;
  const add = (size: number): void => {
    groups.push((groups.pop() ?? 0) + size);
    last = size;
  };
  for (const [text, from, to] of pattern.matchAll(token)) {
    if (text === "(") groups.push(0);
    else if (text === ")" && groups.length > 1) add((groups.pop() ?? 0) + perByte);
    else if (from === undefined) add(new TextEncoder().encode(text).length * perByte);
    else {
      const times = Math.max(Number(from), Number(to ?? 0), 1);
      const all = last * times;
      groups.push((groups.pop() ?? 0) + all - last);
      last = all;
    }
  }
  return groups.reduce((sum, size) => sum + size, 16);
}

/** Whether RE2 refuses a pattern. One such pattern would make istiod refuse the whole VirtualService. */
export function isRefusedByRe2(pattern: string): boolean {
  return remembered(`refused ${pattern}`, () => {
    try {
      RE2JS.compile(pattern);
      return false;
    } catch {
      return true;
    }
  });
}

/** Whether a pattern that RE2 accepts matches each of some texts as a whole. */
export function matchesEach(pattern: string, texts: readonly string[]): boolean {
  return remembered(`matches ${JSON.stringify(texts)} ${pattern}`, () => {
    try {
      const compiled = RE2JS.compile(pattern);
      return texts.every((text) => compiled.matches(text));
    } catch {
      return false;
    }
  });
}

/** Answers, not programs: those are large. A route is compared with many others, and again at each change of its target. */
const answers = new Map<string, boolean>();
const maxAnswers = 10_000;

function remembered(question: string, ask: () => boolean): boolean {
  const known = answers.get(question);
  if (known !== undefined) return known;
  if (answers.size >= maxAnswers) answers.clear();
  const answer = ask();
  answers.set(question, answer);
  return answer;
}
