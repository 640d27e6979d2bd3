import type { Hop } from "@cocktail/route";
import type { TracedAnswer } from "../src/edge/trace.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Shop } from "./shop.ts";

export interface Expected {
  readonly status: number;
  /** service -> key; every other service that is reached must be stable. */
  readonly variants: Readonly<Record<string, string>>;
  /** Whether all services of the shop must be among the hops. */
  readonly reachesAll: boolean;
  /** Texts the answer must hold. */
  readonly says: readonly string[];
  /** What the hops must report as named but not live. */
  readonly missed: readonly string[];
}

/** One thing that is shown, and asserted. */
export interface Step {
  readonly name: string;
  /** One sentence: what there is to see. */
  readonly tell: string;
  /** Commands run before the request, in order. */
  readonly commands: readonly (readonly string[])[];
  readonly request: ShopRequest;
  readonly expected: Expected;
  /** Ask again until it holds: for what takes a moment, such as a crash. */
  readonly patient?: boolean;
  /** Called before the commands; what it answers is called after the request, and says what else must hold. */
  readonly prove?: (shop: Shop) => Promise<Proof>;
}
export type Proof = (answer: TracedAnswer) => Promise<Also>;
/** Faults, and evidence to show. */
export interface Also {
  readonly faults: readonly string[];
  readonly evidence: readonly string[];
}

/** What came of a step. JSON fields are a contract. */
export interface StepResult {
  readonly name: string;
  /** The request as a curl command. */
  readonly request: string;
  readonly expected: Expected;
  readonly trace: readonly Hop[];
  readonly ok: boolean;
  readonly ms: number;
  /** Cocktail commands that were run for it. */
  readonly commands: readonly string[];
  /** Why it is not ok. */
  readonly faults: readonly string[];
  readonly evidence: readonly string[];
}
