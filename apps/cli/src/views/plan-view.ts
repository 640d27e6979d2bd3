import type { PlannedAction } from "@cocktail/client";
import { gap, line, span, type View } from "../output/view.ts";

/** What a dry run would do. */
export function planView(subject: string, plan: readonly PlannedAction[]): View {
  if (plan.length === 0) return [line(span("strong", subject), ": nothing to do")];
  return [
    line(
      span("strong", subject),
      `: ${plan.length} ${plan.length === 1 ? "action" : "actions"}, nothing was changed`,
    ),
    {
      kind: "table",
      columns: [{ title: "action" }, { title: "target" }, { title: "detail" }],
      rows: plan.map(({ kind, target, detail }) => [kind, target, detail ?? ""]),
      empty: "",
    },
  ];
}

/** Sentences to heed, one line each. */
export function warningLines(warnings: readonly string[]): View {
  return warnings.length === 0
    ? []
    : [gap, ...warnings.map((text) => line(span("warn", "warning"), `: ${text}`))];
}
