import type { PlannedAction } from "@cocktail/client";
import { gap, line, span, type View } from "../output/view.ts";

/** What a dry run would do. A change of what is only remembered, such as a lifetime, takes no action. */
export function planView(subject: string, outcome: string, plan: readonly PlannedAction[]): View {
  if (plan.length === 0) {
    const isNothing = outcome === "unchanged" || outcome === "already absent";
    return [
      line(
        span("strong", subject),
        isNothing ? ": nothing to do" : `: would be ${outcome}, nothing was changed`,
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

/** Sentences to heed, one line each. */
export function warningLines(warnings: readonly string[]): View {
  return warnings.length === 0
    ? []
    : [gap, ...warnings.map((text) => line(span("warn", "warning"), `: ${text}`))];
}
