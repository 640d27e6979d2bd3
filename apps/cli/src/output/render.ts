import { printableJson } from "@cocktail/client/printable";
import type { Outcome } from "../command/command.ts";
import type { OutputFormat } from "../command/output-format.ts";
import type { Failure } from "../failure.ts";
import { layout } from "./layout.ts";
import { coloured, plain } from "./paint.ts";
import { line, span, type View } from "./view.ts";

/** The result as text for stdout. The YAML library is loaded on demand, because it costs start-up time. */
export async function renderOutcome(
  outcome: Outcome,
  format: OutputFormat,
  colour: boolean,
): Promise<string> {
  if (format === "json")
    return outcome.data === undefined ? "" : `${printableJson(outcome.data, 2)}\n`;
  if (format === "name") return outcome.names.map((name) => `${name}\n`).join("");
  if (format === "yaml") {
    if (outcome.data === undefined) return "";
    const { stringify } = await import("yaml");
    return stringify(JSON.parse(JSON.stringify(outcome.data)));
  }
  return layout(outcome.view, colour ? coloured : plain, format === "wide");
}

/** An error as text for stderr: one JSON object under `-o json`. */
export function renderFailure(failure: Failure, format: OutputFormat, colour: boolean): string {
  const { code, message, fix, retryable } = failure;
  if (format === "json") return `${printableJson({ code, message, fix, retryable })}\n`;
  const [first = "", ...more] = message.split("\n");
  const view: View = [
    line(span("bad", "error"), `: ${first}`, span("dim", `  [${code}]`)),
    ...more.map((text) => line(`  ${text}`)),
    ...(fix === "" ? [] : [line(span("good", "fix"), `:   ${fix}`)]),
  ];
  return layout(view, colour ? coloured : plain, false);
}
