import { formatVariant, type Hop } from "@cocktail/route";
import { type Block, type Cell, line, span, type View } from "../output/view.ts";

/** The hops of a request, in order. */
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
    empty: "no hops: no gateway recorded a trace",
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
  if (variant === undefined) return span("bad", "none");
  return span(via === "stable" ? "dim" : "accent", formatVariant(service, variant));
}

function missedCell({ missed, lost }: Hop): Cell {
  if (lost === true) return span("bad", "called without a route");
  return missed === undefined || missed.length === 0 ? "-" : span("warn", missed.join(", "));
}

/**
 * Where the route was dropped. A gateway only sees that a caller sent a request without a route while it handled this
 * request: with concurrent traffic, that request may belong to another one.
 */
export function lostLines(lost: readonly Hop[]): View {
  return lost.map((hop) =>
    line(
      span("bad", "lost"),
      `: ${hop.caller ?? "the caller"} called ${hop.service} without a route while it handled this request; see docs/guides/forwarding.md`,
    ),
  );
}

/** A pin without a hop: its service was not called, or a service before it did not return the trace. */
export function unseenLines(unseen: readonly string[]): View {
  return unseen.map((variant) =>
    line(
      span("warn", "unseen"),
      `: no hop of ${variant}; either its service was not called, or a service on the path does not return the x-route-trace of its responses`,
    ),
  );
}
