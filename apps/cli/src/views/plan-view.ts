import type { PlannedAction } from "@cocktail/client";
import { gap, line, span, type View } from "../output/view.ts";

/** The plan of a dry run. A change of stored data alone, such as a lifetime, has no actions. */
export function planView(subject: string, outcome: string, plan: readonly PlannedAction[]): View {
  if (plan.length === 0) {
    const isUnchanged = outcome === "unchanged" || outcome === "already absent";
    return [
      line(
        span("strong", subject),
        isUnchanged ? ": nothing to do" : `: would be ${outcome}, nothing was changed`,
      ),
    ];
  }
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

/** One line for each warning. */
export function warningLines(warnings: readonly string[]): View {
  return warnings.length === 0
    ? []
    : [gap, ...warnings.map((text) => line(span("warn", "warning"), `: ${text}`))];
}
