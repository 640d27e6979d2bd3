import type { Environment, EnvironmentMember } from "@cocktail/client";
import { formatAge, formatExpiry } from "../duration.ts";
import {
  type Block,
  type Cell,
  type Column,
  type Field,
  gap,
  span,
  type View,
} from "../output/view.ts";
import { readyCondition } from "../wait/await-variant.ts";
import { readyCell, readyField } from "./variant-view.ts";

const columns: readonly Column[] = [
  { title: "environment" },
  { title: "kind" },
  { title: "parent" },
  { title: "ready" },
  { title: "reason" },
  { title: "members" },
  { title: "expires" },
  { title: "age" },
  { title: "url", wide: true },
];

export function environmentTable(environments: readonly Environment[], now: number): Block {
  const rows = environments.map((environment): readonly Cell[] => {
    const ready = readyCondition(environment.conditions);
    return [
      span("accent", environment.name),
      environment.kind,
      environment.parent ?? "-",
      readyCell(ready?.status),
      ready?.reason ?? "Unknown",
      memberSummary(environment),
      formatExpiry(environment.expiresAt, now),
      formatAge(environment.createdAt, now),
      environment.url ?? "-",
    ];
  });
  return { kind: "table", columns, rows, empty: "no environments" };
}

/** `2 own, 11 inherited`. */
export function memberSummary(environment: Environment): string {
  const inherited = environment.inherited.filter(({ layer }) => layer !== environment.name).length;
  return `${environment.members.length} own, ${inherited} inherited`;
}

export function environmentDetails(environment: Environment, now: number): View {
  return [
    { kind: "line", cells: [span("strong", `environment/${environment.name}`)] },
    {
      kind: "fields",
      fields: [
        readyField(environment.conditions),
        ["kind", environment.kind],
        ["parent", environment.parent ?? "-"],
        ...environmentAccess(environment),
        ["expires", formatExpiry(environment.expiresAt, now)],
      ],
    },
    gap,
    memberTable(environment),
  ];
}

/** How to send requests to the environment. */
export function environmentAccess(environment: Environment): readonly Field[] {
  const url: readonly Field[] =
    environment.url === undefined
      ? []
      : [["url", environment.url, span("dim", "   (no header needed)")]];
  return [...url, ["header", `${environment.header.name}: ${environment.header.value}`]];
}

/** Every service with the layer that serves it, own members first. A member that is not live is listed with its fallback. */
function memberTable(environment: Environment): Block {
  const served = new Set(
    environment.members.filter(({ live }) => live).map(({ service }) => service),
  );
  const members: readonly EnvironmentMember[] = [
    ...environment.members,
    ...environment.inherited.filter(({ service }) => !served.has(service)),
  ];
  return {
    kind: "table",
    columns: [{ title: "service" }, { title: "variant" }, { title: "layer" }, { title: "live" }],
    rows: members.map(({ service, key, layer, live }) => [
      service,
      span(layer === environment.name ? "accent" : "dim", `${service}:${key}`),
      layer,
      live ? span("good", "yes") : span("bad", "no"),
    ]),
    empty: "no services",
  };
}
