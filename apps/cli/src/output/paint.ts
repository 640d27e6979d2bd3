import { printable } from "@cocktail/client/printable";
import { type Cell, cellText, type Tone } from "./view.ts";

const codes: Readonly<Record<Tone, readonly [open: number, close: number]>> = {
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  dim: [2, 22],
  strong: [1, 22],
  accent: [36, 39],
};

/** Renders a cell, with or without colour. */
export type Paint = (cell: Cell) => string;

export const plain: Paint = (cell) => printable(cellText(cell));

export const coloured: Paint = (cell) => {
  if (typeof cell === "string") return printable(cell);
  const [open, close] = codes[cell.tone];
  return `\u001B[${open}m${printable(cell.text)}\u001B[${close}m`;
};

/** `--color`, NO_COLOR (https://no-color.org: any non-empty value), TERM=dumb, and whether the stream is a terminal. */
export function wantsColour(
  choice: string,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (choice === "always") return true;
  if (choice === "never") return false;
  return isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
