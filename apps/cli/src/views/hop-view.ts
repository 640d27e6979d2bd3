import { formatVariant, type Hop } from "@cocktail/route";
import { type Block, type Cell, line, span, type View } from "../output/view.ts";

/** The hops of a request, in the order they were made. */
export function hopTable(hops: readonly Hop[]): Block {
  return {
    kind: "table",
    columns: [
      { title: "service" },
      { title: "variant" },
      { title: "via" },
      { title: "caller" },
      { title: "missed" },
      { title: "ms", align: "right" },
    ],
    rows: hops.map(hopRow),
    empty: "no hops: nothing on the way wrote the trace",
  };
}

function hopRow(hop: Hop): readonly Cell[] {
  const missed = hop.missed?.join(", ") ?? "";
  const variant = hop.variant === undefined ? "-" : formatVariant(hop.service, hop.variant);
  const isStable = hop.via === "stable";
  return [
    hop.service,
    hop.variant === undefined ? span("bad", "nothing") : span(isStable ? "dim" : "accent", variant),
    hop.layer === undefined ? hop.via : `${hop.via} ${hop.layer}`,
    hop.caller ?? "(edge)",
    hop.lost === true
      ? span("bad", "route lost by the caller")
      : missed === ""
        ? "-"
        : span("warn", missed),
    hop.ms === undefined ? "-" : hop.ms.toFixed(1),
  ];
}

/** Where the route was dropped, and what to do. */
export function lostLines(lost: readonly Hop[]): View {
  return lost.map((hop) =>
    line(
      span("bad", "lost"),
      `: ${hop.caller ?? "the caller"} asked ${hop.service} without the route it was given; see docs/guides/context-hazards.md`,
    ),
  );
}
