import { StringDecoder } from "node:string_decoder";

/** Longest line, in characters; a longer one continues on the next. */
export const maxLineLength = 16_384;

/** Cuts a stream of bytes into lines, and never holds more than one line. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Emits the text after the last line break. To be called at the end of the stream. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#cut(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (this.#rest.length > maxLineLength) {
      this.#onLine(this.#rest.slice(0, maxLineLength));
      this.#rest = this.#rest.slice(maxLineLength);
    }
  }

  #cut(line: string): void {
    if (line.length <= maxLineLength) return this.#onLine(line);
    for (let at = 0; at < line.length; at += maxLineLength)
      this.#onLine(line.slice(at, at + maxLineLength));
  }
}
