import type { ResolvedService } from "@cocktail/client";
import { describeMissed, formatVariant, type Hop, parseRoute } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, optionalArgument, repeatable } from "../command/option.ts";
import { count, header, method, service, text } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { routeHeaders, type TracedResponse, traceRequest } from "../edge/trace.ts";
import { siteUrl } from "../views/exposure-view.ts";
import { addressOf } from "../edge/request.ts";
import { usageFailure } from "../failure.ts";
import { type Cell, gap, line, span, type View } from "../output/view.ts";
import { hopTable, lostLines, unseenLines } from "../views/hop-view.ts";
import { routeOptions } from "./shared-options.ts";

const strict = flag("send x-route-mode: strict: a miss is refused with 424");

export const routeResolve: Command = command({
  path: ["route", "resolve"],
  summary: "Show which variant of each service a route resolves to, and why; sends no request",
  args: {
    service: optionalArgument(service, "only this service"),
  },
  options: {
    ...routeOptions,
    strict,
    epoch: option(count, "resolve in the route table of this epoch (default: the newest)"),
  },
  examples: [
    {
      text: "two pins",
      command: "cocktail route resolve --pins payment-service:mp-101::cart-service:mp-102",
    },
    {
      text: "one service in an environment",
      command: "cocktail route resolve --environment ops-101 payment-service",
    },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    const request = {
      pins: options.pins,
      environment: options.environment,
      service: args.service,
      epoch: options.epoch,
      ...(options.strict && { mode: "strict" }),
    };
    return await api.resolve(request, { signal: context.signal });
  },
  view: ({ epoch, canonical, rejected, services }) => [
    line(
      span(
        "dim",
        `epoch ${epoch}   pins ${canonical.pins ?? "-"}   environment ${canonical.environment ?? "-"}`,
      ),
    ),
    {
      kind: "table",
      columns: [
        { title: "service" },
        { title: "variant" },
        { title: "via" },
        { title: "layer" },
        { title: "missed" },
      ],
      rows: services.map(resolvedRow),
      empty: "no services",
    },
    ...rejected.map(({ field, reason, text }) =>
      line(span("warn", "rejected"), `: ${field} "${text}": ${reason}`),
    ),
  ],
  names: ({ services }) =>
    services.flatMap(({ variant }) => (variant === undefined ? [] : [`variant/${variant}`])),
});

function resolvedRow({ service, variant, via, layer, missed }: ResolvedService): readonly Cell[] {
  return [
    service,
    variant === undefined
      ? span("bad", "none")
      : span(via === "stable" ? "dim" : "accent", variant),
    via,
    layer ?? "-",
    missed.length === 0 ? "-" : span("warn", missed.map(describeMissed).join(", ")),
  ];
}

interface TraceReport extends Omit<TracedResponse, "body"> {
  /** Pins whose services have no hop in the trace. */
  readonly unseen: readonly string[];
  readonly route: {
    readonly pins?: string | undefined;
    readonly environment?: string | undefined;
    readonly mode: string;
  };
}

export const routeTrace: Command = command({
  path: ["route", "trace"],
  summary:
    "Send a request and show every hop: which variant served it, why, and where the route was lost",
  details: [
    "A URL that is only a path is requested from the first entry service.",
    "The gateway records each hop in the response header x-route-trace. A service must return that header to its caller, just as it forwards the route (the library does both). A caller that dropped the route is shown as lost; a pin without a hop as unseen.",
    "The exit code is 0 for any response, whatever its status.",
  ],
  args: { url: argument(text("URL"), "the URL or path") },
  options: {
    ...routeOptions,
    strict,
    method: option(method, "default: GET, or POST with --data", { short: "-X" }),
    header: repeatable(header, "a header", { short: "-H" }),
    data: option({ ...text("TEXT"), mayBeEmpty: true }, "the body", { short: "-d" }),
  },
  examples: [
    {
      text: "a branch, through the first entry service",
      command: "cocktail route trace / --pins payment-service:mp-101",
    },
    {
      text: "an environment, by its URL",
      command: 'cocktail route trace "$(cocktail env url ops-101)"',
    },
    {
      text: "a checkout that must not fall back",
      command:
        "cocktail route trace http://storefront.localhost:8080/checkout -X POST --environment ops-101 --strict",
    },
  ],
  run: async (context, { args, options }): Promise<TraceReport> => {
    const target = await targetOf(context, args.url);
    const wanted = { pins: options.pins, environment: options.environment, strict: options.strict };
    const { body, ...traced } = await traceRequest({
      ...target,
      method: options.method,
      headers: { ...Object.fromEntries(options.header), ...routeHeaders(wanted) },
      body: options.data,
      signal: context.signal,
    });
    return {
      ...traced,
      unseen: traced.problem === undefined ? unseenPins(options.pins, traced.hops) : [],
      route: {
        pins: options.pins,
        environment: options.environment,
        mode: options.strict ? "strict" : "fallback",
      },
    };
  },
  view: traceView,
  names: ({ hops }) =>
    hops.flatMap(({ service, variant }) =>
      variant === undefined ? [] : [`variant/${formatVariant(service, variant)}`],
    ),
});

/** Pins without a hop in the trace. */
function unseenPins(pins: string | undefined, hops: readonly Hop[]): readonly string[] {
  const seen = new Set(hops.map(({ service }) => service));
  return [...parseRoute({ pins }).route.pins]
    .filter(([service]) => !seen.has(service))
    .map(([service, key]) => formatVariant(service, key));
}

function traceView(report: TraceReport): View {
  const { url, status, served, hops, truncated, lost, unseen, problem } = report;
  const detail = problem?.["detail"];
  const fix = problem?.["fix"];
  return [
    line(
      span("strong", url),
      "  ",
      span(status < 400 ? "good" : "bad", String(status)),
      served === undefined ? "" : `  served by ${served}`,
    ),
    ...(typeof detail === "string" ? [line("  ", detail)] : []),
    ...(typeof fix === "string" ? [line("  ", span("good", "fix"), `: ${fix}`)] : []),
    gap,
    hopTable(hops),
    ...(truncated
      ? [line(span("warn", "truncated"), ": the request had more hops than a trace can hold")]
      : []),
    ...lostLines(lost),
    ...unseenLines(unseen),
  ];
}

/** A full URL, a host with or without a port, or a path of the first entry service. */
async function targetOf(
  context: Context,
  text: string,
): Promise<{ readonly url: URL; readonly connectTo?: string }> {
  if (!text.startsWith("/")) {
    const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
    if (url !== null && url.hostname !== "") return { url };
    throw usageFailure(
      `"${text}" is not a URL`,
      "pass http://storefront.localhost:8080/, or a path such as /",
    );
  }
  const { api } = await context.connect();
  const status = await api.status({ signal: context.signal });
  const connectTo = addressOf(new URL(status.edge).hostname);
  return { url: new URL(text, siteUrl(status)), connectTo };
}
