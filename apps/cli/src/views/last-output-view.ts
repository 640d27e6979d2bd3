import type { LastOutput } from "../cocktail/last-output.ts";
import { gap, line, span, type View } from "../output/view.ts";

/** What failing variants printed last, and how to start them again. */
export function lastOutputLines(outputs: readonly LastOutput[]): View {
  return outputs.flatMap(({ variant, lines, fix }) => [
    gap,
    line(span("strong", variant), " printed last:"),
    ...lines.map((text) => line(`  ${text}`)),
    line(span("dim", "  more: "), `cocktail logs ${variant}; ${fix}`),
  ]);
}
