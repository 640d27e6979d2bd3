import { type Context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { W3CBaggagePropagator } from "@opentelemetry/core";
import {
  emptyTable,
  parseRoute,
  type Route,
  type RouteTable,
  resolve,
  type TableVariant,
} from "@cocktail/route";
import { parseCookie } from "cookie";
import createRouter from "find-my-way";
import { do_not_optimize, measure } from "mitata";

/**
 * Nanoseconds of parsing a route and of resolving a service, beside what others need for headers of the same size:
 * `node --conditions=@cocktail/source benchmarks/route.ts`. Every call gets another input, so that nothing is folded away.
 */
const inputs = 64;

interface Row {
  readonly what: string;
  readonly run: (at: number) => unknown;
  /** Nanoseconds that must not be exceeded. */
  readonly goal?: number;
}

function perInput<T>(make: (at: number) => T): (at: number) => T {
  const made = Array.from({ length: inputs }, (_, at) => make(at));
  return (at) => made[at % inputs] ?? make(at);
}

const three = perInput(
  (at) => `payment-service:mp-${100 + at}::cart-service:mp-${200 + at}::order-service:rc`,
);
const cookies = perInput(
  (at) => `payment-service=mp-${100 + at}; cart-service=mp-${200 + at}; order-service=rc`,
);
const baggage = perInput((at) => ({
  baggage: `payment-service=mp-${100 + at},cart-service=mp-${200 + at},order-service=rc`,
}));
const query = perInput(
  (at) => `payment-service=mp-${100 + at}&cart-service=mp-${200 + at}&order-service=rc`,
);

const propagator = new W3CBaggagePropagator();
const getter = {
  keys: (carrier: object): string[] => Object.keys(carrier),
  get: (carrier: Record<string, string>, key: string): string | undefined => carrier[key],
};

function extract(at: number): Context {
  return propagator.extract(ROOT_CONTEXT, baggage(at), getter);
}

const parsing: readonly Row[] = [
  { what: "`parseRoute`, no route", run: () => parseRoute({}) },
  { what: "`parseRoute`, three pins", run: (at) => parseRoute({ pins: three(at) }), goal: 1000 },
  { what: "cookie 2 `parseCookie`, three pairs", run: (at) => parseCookie(cookies(at)) },
  { what: "`URLSearchParams`, three pairs", run: (at) => new URLSearchParams(query(at)) },
  {
    what: "OpenTelemetry baggage, three members",
    run: (at) => propagation.getBaggage(extract(at))?.getAllEntries().length,
  },
];

function variant(tier: TableVariant["tier"]): TableVariant {
  return { incarnation: 1, tier, revision: "4f2c1aa", onUnavailable: "Fail" };
}

/** One service of many branches, each with its own layer. */
function tableOf(branches: number): RouteTable {
  const keys = Array.from({ length: branches }, (_, at) => `mp-${100 + at}`);
  const branch = keys.map((key) => [key, variant("branch")] as const);
  const layers = keys.map(
    (key) => [key, { parent: "rc", members: { "payment-service": key } }] as const,
  );
  const empty = emptyTable("00000000");
  return {
    ...empty,
    services: {
      "payment-service": { stable: variant("stable"), ...Object.fromEntries(branch) },
      "cart-service": { stable: variant("stable") },
    },
    environments: { ...empty.environments, ...Object.fromEntries(layers) },
  };
}

const one = tableOf(1);
const thousand = tableOf(1000);
const pinned = perInput((at): Route => parseRoute({ pins: three(at) }).route);
const layered = perInput((at): Route => parseRoute({ environment: `mp-${100 + at}` }).route);
const unrouted = perInput((): Route => parseRoute({}).route);
const service = "payment-service";
const payment = { service };
const cart = { service: "cart-service" };

const router = createRouter();
for (let at = 0; at < 1000; at++) router.on("GET", `/payment-service/mp-${100 + at}`, () => at);
const paths = perInput((at) => `/payment-service/mp-${100 + at}`);

const resolving: readonly Row[] = [
  {
    what: "`resolve`, no route, 1 variant",
    run: (at) => resolve(one, unrouted(at), payment),
    goal: 150,
  },
  {
    what: "`resolve`, no route, 1,000 variants",
    run: (at) => resolve(thousand, unrouted(at), payment),
    goal: 150,
  },
  {
    what: "`resolve`, a live pin, 1,000 variants",
    run: (at) => resolve(thousand, pinned(at), payment),
    goal: 150,
  },
  {
    what: "`resolve`, a member of the environment, 1,000 variants",
    run: (at) => resolve(thousand, layered(at), payment),
    goal: 150,
  },
  {
    what: "`resolve`, through two layers to stable, 1,000 variants",
    run: (at) => resolve(thousand, layered(at), cart),
    goal: 150,
  },
  { what: "find-my-way, 1,000 static routes", run: (at) => router.find("GET", paths(at)) },
];

async function measured(row: Row): Promise<{ readonly p50: number; readonly p99: number }> {
  let at = 0;
  const { p50, p99 } = await measure(() => do_not_optimize(row.run(at++)));
  return { p50, p99 };
}

let missed = false;
console.log("| what | p50 | p99 | goal |\n|---|---|---|---|");
for (const row of [...parsing, ...resolving]) {
  const { p50, p99 } = await measured(row);
  const met = row.goal === undefined || p50 < row.goal;
  missed ||= !met;
  const goal = row.goal === undefined ? "" : `${row.goal} ns: ${met ? "met" : "missed"}`;
  console.log(`| ${row.what} | ${p50.toFixed(0)} ns | ${p99.toFixed(0)} ns | ${goal} |`);
}
if (missed) process.exitCode = 1;
