import type { Variant } from "@cocktail/client";
import type { StatusReport } from "../cocktail/read-status.ts";
import { formatAge } from "../duration.ts";
import { type Cell, gap, line, span, type View } from "../output/view.ts";
import { isFailing } from "../cocktail/last-output.ts";
import { readyCondition } from "../wait/await-variant.ts";
import { lastOutputLines } from "./last-output-view.ts";
import { exposureLines, siteUrl } from "./exposure-view.ts";
import { environmentTable } from "./environment-view.ts";
import { variantTable } from "./variant-view.ts";

/** Also what `up --detach` prints. */
export function statusView(report: StatusReport, now: number): View {
  const explicit = report.environments.filter(({ kind }) => kind === "Explicit");
  return [
    line(
      span("strong", report.name),
      `  ${siteUrl(report).origin}`,
      span("dim", `  epoch ${report.epoch}, up for ${formatAge(report.startedAt, now)}`),
    ),
    ...exposureLines(report),
    ...(report.outdated
      ? [
          line(
            span("warn", "warning"),
            ": cocktail.yaml changed since it was applied; cocktail apply",
          ),
        ]
      : []),
    ...(report.writable
      ? []
      : [
          line(
            span("warn", "warning"),
            ": changes are refused because the store is unavailable; traffic is not affected",
          ),
        ]),
    gap,
    serviceTable(report),
    ...noticeLines(report),
    ...branchTable(report, now),
    ...(explicit.length === 0 ? [] : [gap, environmentTable(explicit, now)]),
    ...lastOutputLines(report.lastOutput ?? []),
    ...(report.recovered.length === 0
      ? []
      : [gap, line(span("warn", "recovered"), " from the previous run:")]),
    ...report.recovered.map((text) => line(`  ${text}`)),
  ];
}

function serviceTable({ services, variants }: StatusReport): View[number] {
  const stable = new Map(
    variants.filter(({ tier }) => tier === "stable").map((variant) => [variant.service, variant]),
  );
  const rows = services.map((service): readonly Cell[] => {
    const found = stable.get(service.name);
    const ready = found?.conditions.find(({ type }) => type === "Ready");
    const others = service.variants.filter((key) => key !== "stable");
    return [
      span("strong", service.name),
      stateCell(found, ready?.status),
      noticeOf(found)?.reason ?? ready?.reason ?? (found === undefined ? "no stable" : "Unknown"),
      others.length === 0 ? "-" : span("accent", others.join(",")),
      service.url ?? "-",
    ];
  });
  const columns = ["service", "stable", "reason", "others", "url"].map((title) => ({ title }));
  return { kind: "table", columns, rows, empty: "no services" };
}

/** Of a variant that serves, and still not as it should. */
function noticeOf(variant: Variant | undefined): Variant["conditions"][number] | undefined {
  return variant?.conditions.find(({ type, status }) => type === "Degraded" && status === "True");
}

function noticeLines({ variants }: StatusReport): View {
  return variants.flatMap((variant) => {
    if (variant.tier !== "stable") return [];
    const notice = noticeOf(variant);
    if (notice !== undefined)
      return [line(span("warn", "warning"), ` ${variant.name}: ${notice.message}`)];
    if (!isFailing(variant)) return [];
    const why = readyCondition(variant.conditions)?.message ?? "";
    return [line(span("bad", "broken"), ` ${variant.name}: ${why}`)];
  });
}

function stateCell(variant: Variant | undefined, ready: string | undefined): Cell {
  if (variant === undefined) return span("dim", "-");
  const word = variant.promoted ? "promoted" : "ready";
  return ready === "True" ? span("good", word) : span("bad", "not ready");
}

function branchTable({ variants }: StatusReport, now: number): View {
  const others = variants.filter(({ tier }) => tier !== "stable");
  return others.length === 0 ? [] : [gap, variantTable(others, now, "")];
}
