import { setTimeout as delay } from "node:timers/promises";
import { formatRoute, parseRoute } from "@cocktail/route";
import { evidenceOf } from "./evidence.ts";
import type { TracedResponse } from "../src/edge/trace.ts";
import { verify } from "./verify.ts";
import type { Shop } from "./shop.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Also, Step, StepResult } from "./step.ts";
import { proofRequest, steps } from "./steps.ts";
import { startTraffic, type TrafficReport } from "./traffic.ts";
import { findMisrouted } from "./misrouted.ts";
import { readVisits, type Visit } from "./visits.ts";

/** Called during the walk. */
export interface WalkEvents {
  readonly stepStarted: (
    step: { readonly name: string; readonly description: string },
    number: number,
  ) => void;
  readonly stepFinished: (result: StepResult, number: number) => Promise<void>;
}

/** A crash must be detected within this time. */
const retryLimitMs = 15_000;
const pauseMs = 150;

/** Runs every step, with background traffic to stable. */
export async function walk(shop: Shop, events: WalkEvents): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  const traffic = startTraffic(shop);
  let report: TrafficReport | undefined;
  try {
    for (const step of steps) {
      events.stepStarted(step, results.length + 1);
      results.push(await runStep(shop, step));
      await events.stepFinished(results.at(-1) ?? unreachable(), results.length);
    }
  } finally {
    report = await traffic.stop();
  }
  const proof = proofStep(report);
  events.stepStarted(proof, results.length + 1);
  results.push(await runStep(shop, proof));
  await events.stepFinished(results.at(-1) ?? unreachable(), results.length);
  return results;
}

async function runStep(shop: Shop, step: Step): Promise<StepResult> {
  const began = performance.now();
  const base = {
    name: step.name,
    request: curlOf(shop.urlOf(step.request), step.request),
    expected: step.expected,
    commands: step.commands.map((argv) => `cocktail ${argv.join(" ")}`),
  };
  const elapsed = (): number => Math.round(performance.now() - began);
  try {
    const prove = await step.prove?.(shop);
    for (const argv of step.commands) await shop.cocktail(argv);
    const { response, faults } = await request(shop, step);
    const also: Also = (await prove?.(response)) ?? { faults: [], evidence: [] };
    const all = [...faults, ...also.faults];
    return {
      ...base,
      trace: response.hops,
      ok: all.length === 0,
      ms: elapsed(),
      faults: all,
      evidence: [...evidenceOf(response), ...also.evidence],
    };
  } catch (error) {
    if (shop.signal.aborted) throw shop.signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    return { ...base, trace: [], ok: false, ms: elapsed(), faults: [why], evidence: [] };
  }
}

async function request(
  shop: Shop,
  step: Step,
): Promise<{ readonly response: TracedResponse; readonly faults: readonly string[] }> {
  const until = Date.now() + (step.retry === true ? retryLimitMs : 0);
  for (;;) {
    const response = await shop.send(step.request);
    const faults = verify(step.expected, response, shop.services);
    if (faults.length === 0 || Date.now() >= until) return { response, faults };
    await delay(pauseMs, undefined, { signal: shop.signal });
  }
}

/** Verifies stable's own counts: no request for another variant of a service reached its stable. */
function proofStep(traffic: TrafficReport): Step {
  return {
    name: "stable saw no branch request",
    description:
      "Each stable process counted the routes it received; none of them was for a branch of that service.",
    commands: [],
    request: proofRequest,
    expected: { status: 200, variants: {}, reachesAll: true, says: [], missed: [] },
    prove: async (shop) =>
      await Promise.resolve(async ({ body }) => {
        const visits = [...shop.pastVisits, ...readVisits(body)];
        return await Promise.resolve(verifyVisits(visits, traffic));
      }),
  };
}

function verifyVisits(visits: readonly Visit[], traffic: TrafficReport): Also {
  const plain = visits.filter(({ route }) => route === "");
  const routes = new Set(visits.filter(({ route }) => route !== "").map(({ route }) => route));
  const faults = [
    ...findMisrouted(steps, visits),
    ...[...new Set(traffic.faults)].map((fault) => `stable traffic: ${fault}`),
    ...(plain.length === 0 || routes.size === 0
      ? ["the services counted no requests, so misrouting cannot be excluded"]
      : []),
  ];
  return {
    faults,
    evidence: [
      `${routes.size} routes reached stable, each only at services that it does not name`,
      `${traffic.requests} background requests without a route: ${traffic.faults.length} failed or misrouted`,
    ],
  };
}

/** The request as a curl command. */
export function curlOf(url: string, { method, pins, environment, strict }: ShopRequest): string {
  const { route } = parseRoute({ pins, environment, mode: strict === true ? "strict" : undefined });
  const headers = formatRoute(route).map(([name, value]) => `-H '${name}: ${value}'`);
  return ["curl", ...(method === "GET" ? [] : ["-X", method]), ...headers, url].join(" ");
}

function unreachable(): never {
  throw new Error("a result was just added");
}
