import { printable } from "@cocktail/client/printable";

const maxLines = 20;
const maxLength = 300;

/** What a process printed last, to say why it ended. */
export class LastWords {
  #lines: string[] = [];

  add(line: string): void {
    const text = printable(line).trim();
    if (text === "") return;
    this.#lines.push(text.slice(0, maxLength));
    if (this.#lines.length > maxLines) this.#lines.shift();
  }

  clear(): void {
    this.#lines = [];
  }

  /** The last line that names an error, or else the last one; empty without any. */
  get(): string {
    return (
      this.#lines.findLast((line) => /\b\w*(?:Error|Exception)\b|\berror\b/.test(line)) ??
      this.#lines.at(-1) ??
      ""
    );
  }
}
