// `npm run soak -- [--minutes 10] [--rate 200] [-o json]`: constant load and churn on a real cocktail. Exit 1 where a request
// failed or was misrouted, or memory or descriptors grow. Ctrl-C ends it early and cleans up.
import { parseArgs } from "node:util";
import { numberOption } from "../support/number-option.ts";
import { soak, type SoakSummary } from "./soak.ts";
import type { Trend } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "200" },
    output: { type: "string", short: "o", default: "text" },
  },
});
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort());

const summary = await soak({
  minutes: numberOption("minutes", values.minutes, 0.1),
  rate: numberOption("rate", values.rate, 1),
  signal: interrupt.signal,
  onProgress: (line) => console.error(line),
});
console.log(values.output === "json" ? JSON.stringify(summary, undefined, 2) : textOf(summary));
process.exitCode = interrupt.signal.aborted ? 130 : summary.ok ? 0 : 1;

function textOf(soaked: SoakSummary): string {
  const { descriptors, epochs, faults, failed, heap, lives, memory, misrouted, ok } = soaked;
  const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
  return [
    ...faults.map((line) => `  ${line}`),
    `${soaked.requests} requests in ${soaked.seconds} s: ${failed} failed, ${misrouted} misrouted`,
    `${lives} lives of branches, ${epochs} epochs`,
    `heap:        ${trendText(heap, mib)}`,
    `memory:      ${trendText(memory, mib)}`,
    `descriptors: ${trendText(descriptors, String)}`,
    ok ? "ok" : "FAILED",
  ].join("\n");
}

function trendText(trend: Trend | undefined, format: (value: number) => string): string {
  if (trend === undefined) return "too few samples";
  const { early, isFlat, late, limit } = trend;
  const values = `${format(early)} after the warm-up, ${format(late)} at the end`;
  return `${values}: ${isFlat ? "flat" : "grows"} (limit ${format(limit)})`;
}
