import { Histogram } from "prom-client";
import { latencyBounds } from "./tally.ts";
import type { UpstreamTotals, Upstreams } from "./upstreams.ts";

const name = "cocktail_gateway_request_duration_seconds";
const help = "From the head of a request to the end of its response";

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Written {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  values: Value[];
}

/** A Prometheus histogram over the tallies of the upstreams, so that requests are counted once only. */
export class LatencyHistogram extends Histogram<"service" | "tier"> {
  readonly #upstreams: Upstreams;

  constructor(upstreams: Upstreams) {
    const labelNames = ["service", "tier"] as const;
    super({ name, help, labelNames, buckets: [...latencyBounds], registers: [] });
    this.#upstreams = upstreams;
  }

  /** Called by the registry, and by `get`; missing in prom-client's types. */
  getForPromString(): Promise<Written> {
    const values = this.#upstreams.tallies().flatMap(valuesOf);
    return Promise.resolve({ name, help, type: "histogram", aggregator: "sum", values });
  }
}

function valuesOf({ service, tier, tally }: UpstreamTotals): Value[] {
  const values: Value[] = [];
  const sharedLabels = { service, tier };
  let below = 0;
  tally.byLatency.forEach((count, at) => {
    below += count;
    const le = latencyBounds[at] ?? "+Inf";
    values.push({ metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: below });
  });
  values.push({ metricName: `${name}_sum`, labels: {}, sharedLabels, value: tally.seconds });
  values.push({ metricName: `${name}_count`, labels: {}, sharedLabels, value: tally.requests });
  return values;
}
