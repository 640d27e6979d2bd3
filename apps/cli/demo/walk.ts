import { setTimeout as delay } from "node:timers/promises";
import { formatRoute, parseRoute } from "@cocktail/route";
import { evidenceOf } from "./evidence.ts";
import type { TracedAnswer } from "../src/edge/trace.ts";
import { verify } from "./verify.ts";
import type { Shop } from "./shop.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Also, Step, StepResult } from "./step.ts";
import { proofRequest, steps } from "./steps.ts";
import { startTraffic, type TrafficReport } from "./traffic.ts";
import { findMisrouted } from "./misrouted.ts";
import { readVisits, type Visit } from "./visits.ts";

/** Told as the walk goes. */
export interface WalkEvents {
  readonly began: (step: { readonly name: string; readonly tell: string }, number: number) => void;
  readonly ended: (result: StepResult, number: number) => Promise<void>;
}

/** A crashed branch is noticed within moments; longer than this is a fault. */
const patienceMs = 15_000;
const pauseMs = 150;

/** Takes every step, while an ordinary user goes on using stable. */
export async function walk(shop: Shop, events: WalkEvents): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  const traffic = startTraffic(shop);
  let report: TrafficReport | undefined;
  try {
    for (const step of steps) {
      events.began(step, results.length + 1);
      results.push(await take(shop, step));
      await events.ended(results.at(-1) ?? unreachable(), results.length);
    }
  } finally {
    report = await traffic.stop();
  }
  const proof = proofStep(report);
  events.began(proof, results.length + 1);
  results.push(await take(shop, proof));
  await events.ended(results.at(-1) ?? unreachable(), results.length);
  return results;
}

async function take(shop: Shop, step: Step): Promise<StepResult> {
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
    const { answer, faults } = await request(shop, step);
    const also: Also = (await prove?.(answer)) ?? { faults: [], evidence: [] };
    const all = [...faults, ...also.faults];
    return {
      ...base,
      trace: answer.hops,
      ok: all.length === 0,
      ms: elapsed(),
      faults: all,
      evidence: [...evidenceOf(answer), ...also.evidence],
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
): Promise<{ readonly answer: TracedAnswer; readonly faults: readonly string[] }> {
  const until = Date.now() + (step.patient === true ? patienceMs : 0);
  for (;;) {
    const answer = await shop.ask(step.request);
    const faults = verify(step.expected, answer, shop.services);
    if (faults.length === 0 || Date.now() >= until) return { answer, faults };
    await delay(pauseMs, undefined, { signal: shop.signal });
  }
}

/** Stable's own counts: no request that named another variant of a service reached that service's stable. */
function proofStep(traffic: TrafficReport): Step {
  return {
    name: "stable saw no branch request",
    tell: "Each stable process counted the routes it was asked with; none of them was meant for a branch.",
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
      ? ["the services counted nothing, which proves nothing"]
      : []),
  ];
  return {
    faults,
    evidence: [
      `${routes.size} routes were seen by stable, each only by services it does not name`,
      `${traffic.requests} requests without a route all the while: ${traffic.faults.length} failed or strayed`,
    ],
  };
}

/** The request as a command to copy. */
export function curlOf(url: string, { method, pins, environment, strict }: ShopRequest): string {
  const { route } = parseRoute({ pins, environment, mode: strict === true ? "strict" : undefined });
  const headers = formatRoute(route).map(([name, value]) => `-H '${name}: ${value}'`);
  return ["curl", ...(method === "GET" ? [] : ["-X", method]), ...headers, url].join(" ");
}

function unreachable(): never {
  throw new Error("a result was just added");
}
