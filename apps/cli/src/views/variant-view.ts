import type { Condition, Variant } from "@cocktail/client";
import type { Context } from "../command/context.ts";
import { formatAge, formatExpiry } from "../duration.ts";
import {
  type Block,
  type Cell,
  type Column,
  type Field,
  gap,
  line,
  span,
  type View,
} from "../output/view.ts";
import { describeCondition, readyCondition } from "../wait/await-variant.ts";

const columns: readonly Column[] = [
  { title: "variant" },
  { title: "ready" },
  { title: "reason" },
  { title: "revision" },
  { title: "from" },
  { title: "environments" },
  { title: "expires" },
  { title: "age" },
  { title: "restarts", wide: true, align: "right" },
  { title: "state", wide: true },
  { title: "url", wide: true },
];

/** One row for each variant. */
export function variantTable(variants: readonly Variant[], now: number, empty: string): Block {
  return {
    kind: "table",
    columns,
    rows: variants.map((variant) => variantRow(variant, now)),
    empty,
  };
}

function variantRow(variant: Variant, now: number): readonly Cell[] {
  const ready = readyCondition(variant.conditions);
  return [
    span(variant.tier === "stable" ? "strong" : "accent", variant.name),
    readyCell(ready?.status),
    ready?.reason ?? "Unknown",
    describeRevision(variant),
    describeSource(variant),
    variant.environments.length === 0 ? "-" : variant.environments.join(","),
    formatExpiry(variant.expiresAt, now),
    formatAge(variant.createdAt, now),
    String(restartsOf(variant)),
    variant.state,
    variant.url ?? "-",
  ];
}

/** All details of one variant. */
export function variantDetails(variant: Variant, now: number): View {
  const { environments } = variant;
  return [
    line(span("strong", `variant/${variant.name}`)),
    {
      kind: "fields",
      fields: [
        readyField(variant.conditions),
        ["state", variant.state],
        ["revision", describeRevision(variant)],
        ["from", describeSource(variant)],
        ["header", `${variant.header.name}: ${variant.header.value}`],
        ...optionalField("url", variant.url),
        ...optionalField("branch", variant.branch),
        ...optionalField("directory", variant.directory),
        ["expires", formatExpiry(variant.expiresAt, now)],
        ["environments", environments.length === 0 ? "-" : environments.join(", ")],
        [
          "when down",
          variant.onUnavailable === "Fail"
            ? "its requests get 503"
            : "falls back to the next layer",
        ],
      ],
    },
    gap,
    incarnationTable(variant),
  ];
}

/** Whether it is ready, and why. */
export function readyField(conditions: readonly Condition[]): Field {
  const ready = readyCondition(conditions);
  return ["ready", readyCell(ready?.status), `  ${describeCondition(ready)}`];
}

function optionalField(label: string, value: string | undefined): readonly Field[] {
  return value === undefined ? [] : [[label, value]];
}

function incarnationTable(variant: Variant): Block {
  return {
    kind: "table",
    columns: [
      { title: "incarnation" },
      { title: "state" },
      { title: "revision" },
      { title: "destination" },
      { title: "pid" },
      { title: "restarts", align: "right" },
    ],
    rows: variant.incarnations.map((one) => [
      `#${one.number}`,
      one.state,
      shortRevision(one.revision),
      one.destination ?? "-",
      one.pid === undefined ? "-" : String(one.pid),
      String(one.restarts),
    ]),
    empty: "no incarnations",
  };
}

/** Shown after a deploy: how to reach the variant. */
export function deployedFields(variant: Variant, { now }: Pick<Context, "now">): readonly Field[] {
  const { url, header, expiresAt, environments } = variant;
  const hint = span("dim", "   (no header needed)");
  return [
    ...(url === undefined ? [] : [["url", url, hint] as const]),
    ["header", `${header.name}: ${header.value}`],
    ["revision", shortRevision(variant.revision)],
    ...optionalField("expires", expiresAt && formatExpiry(expiresAt, now())),
    ...optionalField("member of", environments.length === 0 ? undefined : environments.join(", ")),
  ];
}

export function readyCell(status: string | undefined): Cell {
  if (status === "True") return span("good", "yes");
  return status === "False" ? span("bad", "no") : span("warn", "unknown");
}

/** An abbreviated SHA; `-dirty` is kept. `-` if not known yet. */
export function shortRevision(revision: string): string {
  if (revision === "") return "-";
  const [, sha, rest = ""] = /^([0-9a-f]{12})[0-9a-f]{28}(.*)$/.exec(revision) ?? [];
  return sha === undefined ? revision : sha + rest;
}

function describeSource({ source }: Variant): string {
  if (source.kind === "branch") return source.branch;
  if (source.kind === "directory") return source.path;
  return source.kind === "url" ? source.url : "cocktail.yaml";
}

function describeRevision({ revision, promoted }: Variant): string {
  return `${shortRevision(revision)}${promoted ? " (promoted)" : ""}`;
}

function restartsOf(variant: Variant): number {
  return variant.incarnations.reduce((sum, { restarts }) => sum + restarts, 0);
}
