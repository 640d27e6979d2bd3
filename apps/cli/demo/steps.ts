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

/** The steps of the demo. Each depends on the ones before. */
export const steps: readonly Step[] = [
  {
    name: "stable",
    description: "No route: the stable variant of every service answers, as in production.",
    commands: [],
    request: checkout,
    expected: { ...placed, says: ["2 days", "3 to 5 days", "email"] },
  },
  {
    name: "one branch, by header",
    description: "One pin: the payment branch answers, in a call chain that is otherwise stable.",
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
    description: "Two independent branches of two services in one request.",
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
    description: "An environment contains both; QA needs only its URL.",
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
    description:
      "The layer rc contains every release candidate: the next release runs among the stable services.",
    commands: [["rc", "deploy", "order-service", "--branch", "release/order-1.2"]],
    request: { ...checkout, environment: "rc" },
    expected: { ...placed, variants: { "order-service": "rc" }, says: ["tomorrow"] },
  },
  {
    name: "a branch on top of rc",
    description:
      "The payment squad's environment has rc as its parent: own branches first, then candidates, then stable.",
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
    description: "One header for a whole ticket, whatever services it involves.",
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
    description: "mp-999 is not deployed: stable answers, and the trace reports the miss.",
    commands: [],
    request: { ...checkout, pins: "payment-service:mp-999" },
    expected: { ...placed, missed: ["payment-service:mp-999"], says: ["2 days"] },
  },
  {
    name: "strict mode",
    description:
      "With x-route-mode: strict, the edge refuses the same request before any service is called.",
    commands: [],
    request: { ...checkout, pins: "payment-service:mp-999", strict: true },
    expected: { ...refused, status: 424, says: ["payment-service:mp-999"] },
  },
  {
    name: "a branch crashes",
    description:
      "Its own requests get a 503 that names it, never silently stable; stable is not affected.",
    commands: [deploy("notification-service", "feature/mp-105-bulk-notifications")],
    request: { ...checkout, pins: "notification-service:mp-105" },
    expected: {
      ...refused,
      status: 503,
      variants: { "notification-service": "mp-105" },
      says: ["notification-service:mp-105"],
    },
    retry: true,
    prove: proveIsolation,
  },
  {
    name: "promote the release candidate",
    description:
      "The candidate becomes stable and rc is removed in one epoch, without a failed request.",
    commands: [["rc", "promote", "order-service"]],
    request: checkout,
    expected: { ...placed, says: ["tomorrow"] },
    prove: provePromotion,
  },
  {
    name: "destroy",
    description:
      "Environments go with what was deployed into them, branches with their processes and worktrees; strict requests for them are refused.",
    commands: [
      ["env", "delete", "payment-dev"],
      ["env", "delete", "ops-101"],
      ["branch", "delete", "payment-service:mp-101"],
      ["branch", "delete", "cart-service:mp-102"],
      ["branch", "delete", "notification-service:mp-105"],
    ],
    request: { ...checkout, pins: "payment-service:mp-101", strict: true },
    expected: { ...refused, status: 424, says: ["payment-service:mp-101"] },
    prove: proveDestroyed,
  },
];

/** The last request: the counts of stable. */
export const proofRequest: ShopRequest = { method: "GET", host: "storefront", path: "/api/visits" };

/** Repeated requests for the branch get the 503 again; requests without a route are not affected. */
async function proveIsolation(shop: Shop): Promise<Proof> {
  return await Promise.resolve(async () => {
    const again = await shop.send({ ...checkout, pins: "notification-service:mp-105" });
    const isNamed = again.status === 503 && again.body.includes("notification-service:mp-105");
    const { status, hops } = await shop.send(checkout);
    const isStable = hops.length > 0 && hops.every(({ variant }) => variant === "stable");
    return {
      faults: [
        ...(isNamed ? [] : [`second request: ${again.status} ${again.body.slice(0, 200)}`]),
        ...(status === 201 && isStable ? [] : [`stable is affected: status ${status}`]),
      ],
      evidence: [
        `second request: ${again.status}; without a route: ${status}, ${hops.length} hops, all stable`,
      ],
    };
  });
}

/** No variant, process or worktree of a branch may remain. */
async function proveDestroyed(shop: Shop): Promise<Proof> {
  const toDestroy = await branchesOf(shop);
  const pids = toDestroy.flatMap(({ incarnations }) =>
    incarnations.flatMap(({ pid }) => pid ?? []),
  );
  return async () => {
    const variants = (await branchesOf(shop)).map(({ name }) => name);
    const worktrees = await readdir(join(shop.directory, ".cocktail/worktrees"));
    // A promoted stable runs from its own checkout.
    const checkouts = worktrees.filter((name) => !name.includes(".stable"));
    const processes = pids.filter(exists).map((pid) => `process ${pid}`);
    const faults = [...variants, ...checkouts, ...processes].map((name) => `still exists: ${name}`);
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
