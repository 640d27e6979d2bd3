import { printable } from "@cocktail/client/printable";
import { displayWidth } from "./display-width.ts";
import type { Paint } from "./paint.ts";
import { type Block, type Cell, cellText, type Column, type Field, type View } from "./view.ts";

/** Renders a view as text that ends with a newline; "" for an empty view. */
export function layout(view: View, paint: Paint, wide: boolean): string {
  const lines = view.flatMap((block) => blockLines(block, paint, wide));
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function blockLines(block: Block, paint: Paint, wide: boolean): readonly string[] {
  if (block.kind === "gap") return [""];
  if (block.kind === "line") return [block.cells.map(paint).join("")];
  if (block.kind === "fields") return fieldLines(block.fields, paint);
  return block.rows.length === 0
    ? [paint({ text: block.empty, tone: "dim" })]
    : tableLines(block.columns, block.rows, paint, wide);
}

function fieldLines(fields: readonly Field[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...fields.map(([label]) => displayWidth(label)));
  return fields.map(([label, ...cells]) => {
    const padded = label.padEnd(label.length + width - displayWidth(label));
    return `  ${paint({ text: padded, tone: "dim" })}  ${cells.map(paint).join("")}`.trimEnd();
  });
}

function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  wide: boolean,
): readonly string[] {
  const shown = columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => wide || column.wide !== true);
  const widths = shown.map(({ column, index }) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => cellWidth(row[index] ?? ""))),
  );
  const render = (cells: readonly Cell[]): string =>
    cells
      .map((cell, at) => pad(cell, widths[at] ?? 0, shown[at]?.column.align, paint))
      .join("  ")
      .trimEnd();
  const head = render(
    shown.map(({ column }) => ({ text: column.title.toUpperCase(), tone: "dim" as const })),
  );
  return [head, ...rows.map((row) => render(shown.map(({ index }) => row[index] ?? "")))];
}

/** Padding is outside of the colour codes, so that trailing spaces can be trimmed. */
function pad(cell: Cell, width: number, align: "right" | undefined, paint: Paint): string {
  const spaces = " ".repeat(Math.max(0, width - cellWidth(cell)));
  return align === "right" ? spaces + paint(cell) : paint(cell) + spaces;
}

function cellWidth(cell: Cell): number {
  return displayWidth(printable(cellText(cell)));
}
