import type { Environment, Status, Variant } from "@cocktail/client";
import { type Command, command } from "../command/command.ts";
import { formatAge } from "../duration.ts";
import { type Cell, gap, line, span, type View } from "../output/view.ts";
import { environmentTable } from "../views/environment-view.ts";
import { variantTable } from "../views/variant-view.ts";

/** The whole picture. */
export interface StatusReport extends Status {
  readonly variants: readonly Variant[];
  readonly environments: readonly Environment[];
}

export const status: Command = command({
  path: ["status"],
  summary: "Show the running cocktail: services, variants, environments, and what was recovered",
  examples: [
    { text: "the whole picture", command: "cocktail status" },
    { text: "where the edge is", command: "cocktail status -o json | jq -r .edge" },
  ],
  run: async (context): Promise<StatusReport> => {
    const { api } = await context.connect();
    const call = { signal: context.signal };
    const [state, variants, environments] = await Promise.all([
      api.status(call),
      api.variants({}, call),
      api.environments(call),
    ]);
    return { ...state, variants, environments };
  },
  view: (report, { now }) => statusView(report, now()),
  names: ({ services }) => services.map(({ name }) => `service/${name}`),
});

/** Also what `up --detach` prints. */
export function statusView(report: StatusReport, now: number): View {
  const explicit = report.environments.filter(({ kind }) => kind === "Explicit");
  return [
    line(
      span("strong", report.name),
      `  ${report.edge}`,
      span("dim", `  epoch ${report.epoch}, up for ${formatAge(report.startedAt, now)}`),
    ),
    ...(report.writable
      ? []
      : [
          line(
            span("warn", "warning"),
            ": changes are refused at the moment, the store is away; traffic is not affected",
          ),
        ]),
    gap,
    serviceTable(report),
    ...branchTable(report, now),
    ...(explicit.length === 0 ? [] : [gap, environmentTable(explicit, now)]),
    ...(report.recovered.length === 0
      ? []
      : [gap, line(span("warn", "recovered"), " from the run before:")]),
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
      ready?.reason ?? (found === undefined ? "no stable" : "Unknown"),
      others.length === 0 ? "-" : span("accent", others.join(",")),
      service.url ?? "-",
    ];
  });
  const columns = ["service", "stable", "reason", "others", "url"].map((title) => ({ title }));
  return { kind: "table", columns, rows, empty: "no services" };
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
