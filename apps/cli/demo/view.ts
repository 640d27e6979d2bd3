import { formatVariant, type Hop } from "@cocktail/route";
import { formatDuration } from "../src/duration.ts";
import { type Cell, gap, line, span, type View } from "../src/output/view.ts";
import type { StepResult } from "./step.ts";

/** One step for people. */
export function stepView(result: StepResult, description: string, number: number): View {
  const { name, ok, commands, request, expected, trace, faults, evidence } = result;
  const indent = "    ";
  return [
    line(
      ok ? span("good", "✓") : span("bad", "✗"),
      ` ${String(number).padStart(2)} `,
      span("strong", name),
      span("dim", `  ${formatMs(result.ms)}`),
    ),
    line(indent, " ", span("dim", description)),
    ...[...commands, request].map((text) => line(indent, " ", span("dim", "$ "), text)),
    // A refusal at the edge reaches no service.
    ...(expected.status === 424 || trace.length === 0 ? [] : [line(indent, " ", ...chain(trace))]),
    ...evidence.map((text) => line(indent, " ", span("good", "= "), text)),
    ...faults.map((text) => line(indent, " ", span("bad", "✗ "), text)),
    gap,
  ];
}

/** The variants in the order of the hops; those that are not stable are highlighted. */
function chain(trace: readonly Hop[]): readonly Cell[] {
  const seen = new Set<string>();
  const cells: Cell[] = [];
  for (const { service, variant, via, layer, missed } of trace) {
    const name = variant === undefined ? `${service}: nothing` : formatVariant(service, variant);
    if (seen.has(name)) continue;
    seen.add(name);
    if (cells.length > 0) cells.push(span("dim", " · "));
    const isStable = variant === "stable";
    cells.push(isStable ? span("dim", name) : span("accent", name));
    if (!isStable) cells.push(span("dim", ` (${layer === undefined ? via : `layer ${layer}`})`));
    if (missed !== undefined && missed.length > 0)
      cells.push(span("warn", ` (missed ${missed.join(", ")})`));
  }
  return cells;
}

/** The summary table. */
export function summaryView(
  results: readonly StepResult[],
  omitted: readonly string[],
  ms: number,
): View {
  const failed = results.filter(({ ok }) => !ok);
  return [
    {
      kind: "table",
      columns: [
        { title: "", align: "right" },
        { title: "step" },
        { title: "expected" },
        { title: "hops", align: "right" },
        { title: "ok" },
        { title: "ms", align: "right" },
      ],
      rows: results.map((result, at) => [
        String(at + 1),
        result.name,
        describeExpected(result),
        String(result.trace.length),
        result.ok ? span("good", "yes") : span("bad", "NO"),
        String(result.ms),
      ]),
      empty: "no steps",
    },
    gap,
    ...omitted.map((name) =>
      line(span("warn", "omitted"), `: ${name}, because python3 is missing`),
    ),
    failed.length === 0
      ? line(span("good", `all ${results.length} steps passed`), `, in ${formatMs(ms)}`)
      : line(
          span("bad", `${failed.length} of ${results.length} steps failed`),
          `, in ${formatMs(ms)}`,
        ),
  ];
}

function describeExpected({ expected }: StepResult): string {
  const named = Object.entries(expected.variants).map(([service, key]) =>
    formatVariant(service, key),
  );
  const who =
    named.length === 0 ? (expected.status < 400 ? "all stable" : "refused") : named.join(", ");
  return `${expected.status} ${who}`;
}

function formatMs(ms: number): string {
  return ms < 1000
    ? `${ms} ms`
    : ms < 60_000
      ? `${(ms / 1000).toFixed(1)} s`
      : formatDuration(ms / 1000);
}
