/** The meaning of a piece of text. Colour is derived from it, and never carries meaning alone. */
export type Tone = "good" | "bad" | "warn" | "dim" | "strong" | "accent";
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}
export type Cell = string | Span;

/** A label and its value. */
export type Field = readonly [string, ...Cell[]];

export interface Column {
  readonly title: string;
  /** Only under `-o wide`. */
  readonly wide?: boolean;
  readonly align?: "right";
}

/** The result for people, before its layout. */
export type Block =
  | {
      readonly kind: "table";
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
      readonly empty: string;
    }
  | { readonly kind: "fields"; readonly fields: readonly Field[] }
  | { readonly kind: "line"; readonly cells: readonly Cell[] }
  | { readonly kind: "gap" };
export type View = readonly Block[];

export const gap: Block = { kind: "gap" };

export function line(...cells: readonly Cell[]): Block {
  return { kind: "line", cells };
}

export function span(tone: Tone, text: string): Span {
  return { text, tone };
}

export function cellText(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
