import type { Hop } from "@cocktail/route";
import type { TracedResponse } from "../src/edge/trace.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Shop } from "./shop.ts";

export interface Expected {
  readonly status: number;
  /** service -> key; every other reached service must be stable. */
  readonly variants: Readonly<Record<string, string>>;
  /** Whether all services of the shop must be among the hops. */
  readonly reachesAll: boolean;
  /** Texts that the response must contain. */
  readonly says: readonly string[];
  /** Variants that the hops must report as missed. */
  readonly missed: readonly string[];
}

/** One demonstrated and verified feature. */
export interface Step {
  readonly name: string;
  /** One sentence: what the step demonstrates. */
  readonly description: string;
  /** Commands run before the request, in order. */
  readonly commands: readonly (readonly string[])[];
  readonly request: ShopRequest;
  readonly expected: Expected;
  /** Retry until it succeeds: for delayed effects, such as a crash. */
  readonly retry?: boolean;
  /** Called before the commands; the returned function is called after the request and verifies more. */
  readonly prove?: (shop: Shop) => Promise<Proof>;
}
export type Proof = (response: TracedResponse) => Promise<Also>;
/** Faults, and evidence to show. */
export interface Also {
  readonly faults: readonly string[];
  readonly evidence: readonly string[];
}

/** The result of a step. JSON fields are a contract. */
export interface StepResult {
  readonly name: string;
  /** The request as a curl command. */
  readonly request: string;
  readonly expected: Expected;
  readonly trace: readonly Hop[];
  readonly ok: boolean;
  readonly ms: number;
  /** The cocktail commands of the step. */
  readonly commands: readonly string[];
  /** Why the step failed. */
  readonly faults: readonly string[];
  readonly evidence: readonly string[];
}
