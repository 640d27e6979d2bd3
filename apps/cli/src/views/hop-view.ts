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
  return [
    hop.service,
    variantCell(hop),
    hop.layer === undefined ? hop.via : `${hop.via} ${hop.layer}`,
    hop.caller ?? "(edge)",
    missedCell(hop),
    hop.ms === undefined ? "-" : hop.ms.toFixed(1),
  ];
}

function variantCell({ service, variant, via }: Hop): Cell {
  if (variant === undefined) return span("bad", "nothing");
  return span(via === "stable" ? "dim" : "accent", formatVariant(service, variant));
}

function missedCell({ missed, lost }: Hop): Cell {
  if (lost === true) return span("bad", "asked without a route");
  return missed === undefined || missed.length === 0 ? "-" : span("warn", missed.join(", "));
}

/**
 * Where the route was dropped, and what to do. A gateway can only see that a caller asked without a route while it had
 * this request in hand: under other traffic that may have been for somebody else.
 */
export function lostLines(lost: readonly Hop[]): View {
  return lost.map((hop) =>
    line(
      span("bad", "lost"),
      `: ${hop.caller ?? "the caller"} asked ${hop.service} without a route while it had this request in hand; see docs/guides/context-hazards.md`,
    ),
  );
}

/** A hop that is not in the trace was not made, or made behind a service that keeps the trace of its answers to itself. */
export function unseenLines(unseen: readonly string[]): View {
  return unseen.map((variant) =>
    line(
      span("warn", "unseen"),
      `: no hop of ${variant}; either nothing asked its service, or a service on the way does not hand back the x-route-trace of the answers it got`,
    ),
  );
}
