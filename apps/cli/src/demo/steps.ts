import type { TracedAnswer } from "../edge/trace.ts";
import { afterPromotion, beforePromotion } from "./promotion.ts";
import type { Shop } from "./shop.ts";
import type { Also, Expected, ShopRequest, Step } from "./step.ts";

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
const nothingElse: Also = { faults: [], evidence: [] };

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
      deploy("notification-service", "squad/payment-dev"),
      ["env", "apply", "-f", "environments/payment-dev.yaml"],
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
    also: stableIsUnharmed,
  },
  {
    name: "promote the release candidate",
    tell: "What was rc is stable, and rc is empty, in one epoch; no request failed on the way.",
    commands: [["rc", "promote", "order-service"]],
    request: checkout,
    expected: { ...placed, says: ["tomorrow"] },
    before: beforePromotion,
    also: afterPromotion,
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
    also: onlyStableIsLeft,
  },
];

/** The last request: what stable itself counted. */
export const proofRequest: ShopRequest = { method: "GET", host: "storefront", path: "/api/visits" };

async function stableIsUnharmed(shop: Shop): Promise<Also> {
  const { status, hops } = await shop.ask(checkout);
  const strayed = hops.filter(({ variant }) => variant !== "stable");
  const ok = status === 201 && hops.length > 0 && strayed.length === 0;
  return ok
    ? { faults: [], evidence: [`meanwhile without a route: 201, ${hops.length} hops, all stable`] }
    : { faults: [`stable was harmed: status ${status}`], evidence: [] };
}

async function onlyStableIsLeft(shop: Shop, _: TracedAnswer): Promise<Also> {
  const variants = await shop.api.variants({}, { signal: shop.signal });
  const left = variants.filter(({ tier }) => tier !== "stable").map(({ name }) => name);
  return left.length === 0
    ? { ...nothingElse, evidence: ["nothing but stable is left"] }
    : { faults: [`still there: ${left.join(", ")}`], evidence: [] };
}
