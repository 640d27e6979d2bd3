import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Variant } from "@cocktail/client";
import { provePromotion } from "./promotion.ts";
import type { Shop } from "./shop.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Expected, Proof, Step } from "./step.ts";

const checkout: ShopRequest = { method: "POST", host: "storefront", path: "/api/checkout" };
const placed: Expected = { status: 201, variants: {}, reachesAll: true, says: [], missed: [] };
const refused: Expected = { ...placed, reachesAll: false };
const deploy = (service: string, branch: string): readonly string[] => [
  "branch",
  "deploy",
  service,
  "--branch",
  branch,
];

/** The walk. Each step stands on the ones before. */
export const steps: readonly Step[] = [
  {
    name: "stable",
    tell: "No route: every service answers with the version production has.",
    commands: [],
    request: checkout,
    expected: { ...placed, says: ["2 days", "3 to 5 days", "email"] },
  },
  {
    name: "one branch, by header",
    tell: "One pin: the payment branch answers, inside the chain that is otherwise stable.",
    commands: [deploy("payment-service", "feature/mp-101-faster-payments")],
    request: { ...checkout, pins: "payment-service:mp-101" },
    expected: {
      ...placed,
      variants: { "payment-service": "mp-101" },
      says: ["instant", "5 seconds"],
    },
  },
  {
    name: "two pins",
    tell: "Two branches of two services, not knowing of each other, in one request.",
    commands: [deploy("cart-service", "feature/mp-102-new-cart")],
    request: { ...checkout, pins: "payment-service:mp-101::cart-service:mp-102" },
    expected: {
      ...placed,
      variants: { "payment-service": "mp-101", "cart-service": "mp-102" },
      says: ["5 seconds"],
    },
  },
  {
    name: "the same, by URL only",
    tell: "An environment holds both; its URL is all that QA needs.",
    commands: [["env", "apply", "-f", "environments/ops-101.yaml"]],
    request: { ...checkout, host: "ops-101.storefront" },
    expected: {
      ...placed,
      variants: { "payment-service": "mp-101", "cart-service": "mp-102" },
      says: ["5 seconds"],
    },
  },
  {
    name: "a release candidate in the call chain",
    tell: "The layer rc holds every release candidate: the next release runs between today's neighbours.",
    commands: [["rc", "deploy", "order-service", "--branch", "release/order-1.2"]],
    request: { ...checkout, environment: "rc" },
    expected: { ...placed, variants: { "order-service": "rc" }, says: ["tomorrow"] },
  },
  {
    name: "a branch on top of rc",
    tell: "The payment squad's environment stands on rc: own branches first, then candidates, then stable.",
    commands: [
      ["env", "apply", "-f", "environments/payment-dev.yaml"],
      [...deploy("notification-service", "squad/payment-dev"), "--environment", "payment-dev"],
    ],
    request: { ...checkout, environment: "payment-dev" },
    expected: {
      ...placed,
      variants: {
        "payment-service": "mp-101",
        "notification-service": "squad-payment-dev",
        "order-service": "rc",
      },
      says: ["5 seconds", "chat", "tomorrow"],
    },
  },
  {
    name: "an environment under one x-source-route",
    tell: "One header for a whole ticket, whatever services it takes.",
    commands: [],
    request: { ...checkout, environment: "ops-101" },
    expected: {
      ...placed,
      variants: { "payment-service": "mp-101", "cart-service": "mp-102" },
      says: ["5 seconds"],
    },
  },
  {
    name: "a miss falls back, and says so",
    tell: "Nobody deployed mp-999: stable answers, and the trace names what was missed.",
    commands: [],
    request: { ...checkout, pins: "payment-service:mp-999" },
    expected: { ...placed, missed: ["payment-service:mp-999"], says: ["2 days"] },
  },
  {
    name: "strict mode",
    tell: "The same under x-route-mode: strict is refused at the edge, before anything is done.",
    commands: [],
    request: { ...checkout, pins: "payment-service:mp-999", strict: true },
    expected: { ...refused, status: 424, says: ["payment-service:mp-999"] },
  },
  {
    name: "a branch crashes",
    tell: "Its own requests get an honest 503 that names it, never silently stable; stable does not notice.",
    commands: [deploy("notification-service", "feature/mp-105-bulk-notifications")],
    request: { ...checkout, pins: "notification-service:mp-105" },
    expected: {
      ...refused,
      status: 503,
      variants: { "notification-service": "mp-105" },
      says: ["notification-service:mp-105"],
    },
    patient: true,
    prove: proveHarmless,
  },
  {
    name: "promote the release candidate",
    tell: "What was rc is stable, and rc is empty, in one epoch; no request failed on the way.",
    commands: [["rc", "promote", "order-service"]],
    request: checkout,
    expected: { ...placed, says: ["tomorrow"] },
    prove: provePromotion,
  },
  {
    name: "destroy",
    tell: "Environments and branches go with their processes and worktrees; what names them is refused.",
    commands: [
      ["env", "delete", "payment-dev"],
      ["env", "delete", "ops-101"],
      ["branch", "delete", "notification-service:mp-105"],
    ],
    request: { ...checkout, pins: "payment-service:mp-101", strict: true },
    expected: { ...refused, status: 424, says: ["payment-service:mp-101"] },
    prove: proveDestroyed,
  },
];

/** The last request: what stable itself counted. */
export const proofRequest: ShopRequest = { method: "GET", host: "storefront", path: "/api/visits" };

/** It stays down, and is named again; and without a route nobody notices. */
async function proveHarmless(shop: Shop): Promise<Proof> {
  return await Promise.resolve(async () => {
    const again = await shop.ask({ ...checkout, pins: "notification-service:mp-105" });
    const isNamed = again.status === 503 && again.body.includes("notification-service:mp-105");
    const { status, hops } = await shop.ask(checkout);
    const isStable = hops.length > 0 && hops.every(({ variant }) => variant === "stable");
    return {
      faults: [
        ...(isNamed ? [] : [`asked again: ${again.status} ${again.body.slice(0, 200)}`]),
        ...(status === 201 && isStable ? [] : [`stable was harmed: status ${status}`]),
      ],
      evidence: [
        `asked again: ${again.status}; without a route: ${status}, ${hops.length} hops, all stable`,
      ],
    };
  });
}

/** Of the branches there must be no variant, process or worktree. */
async function proveDestroyed(shop: Shop): Promise<Proof> {
  const toDestroy = await branchesOf(shop);
  const pids = toDestroy.flatMap(({ incarnations }) =>
    incarnations.flatMap(({ pid }) => pid ?? []),
  );
  return async () => {
    const variants = (await branchesOf(shop)).map(({ name }) => name);
    const worktrees = await readdir(join(shop.directory, ".cocktail/worktrees"));
    // A promoted stable runs from a checkout of its own.
    const checkouts = worktrees.filter((name) => !name.includes(".stable"));
    const processes = pids.filter(exists).map((pid) => `process ${pid}`);
    const faults = [...variants, ...checkouts, ...processes].map((name) => `still there: ${name}`);
    const evidence = `${toDestroy.length} variants gone, with ${pids.length} processes and every worktree`;
    return { faults, evidence: faults.length === 0 ? [evidence] : [] };
  };
}

async function branchesOf(shop: Shop): Promise<readonly Variant[]> {
  const variants = await shop.api.variants({}, { signal: shop.signal });
  return variants.filter(({ tier }) => tier !== "stable");
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
