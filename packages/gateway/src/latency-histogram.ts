import { Histogram, type MetricObjectWithValues, type MetricValueWithName } from "prom-client";
import { latencyBounds } from "./tally.ts";
import type { GoneTally, Upstreams } from "./upstreams.ts";

type Label = "service" | "tier" | "le";
type Value = MetricValueWithName<Label>;

const name = "cocktail_gateway_request_duration_seconds";

/** A Prometheus histogram over the tallies of the upstreams: nothing is observed twice. */
export class LatencyHistogram extends Histogram<Label> {
  readonly #upstreams: Upstreams;

  constructor(upstreams: Upstreams) {
    super({
      name,
      help: "From the head of a request to the end of its answer",
      labelNames: ["service", "tier"],
      buckets: [...latencyBounds],
      registers: [],
    });
    this.#upstreams = upstreams;
  }

  override async get(): Promise<MetricObjectWithValues<Value>> {
    const metric = await super.get();
    return { ...metric, values: this.#upstreams.tallies().flatMap(valuesOf) };
  }
}

function valuesOf({ service, tier, tally }: GoneTally): Value[] {
  const values: Value[] = [];
  let below = 0;
  tally.byLatency.forEach((count, at) => {
    below += count;
    const le = latencyBounds[at] ?? "+Inf";
    values.push({ metricName: `${name}_bucket`, labels: { service, tier, le }, value: below });
  });
  const labels = { service, tier };
  values.push({ metricName: `${name}_sum`, labels, value: tally.seconds });
  values.push({ metricName: `${name}_count`, labels, value: tally.requests });
  return values;
}
