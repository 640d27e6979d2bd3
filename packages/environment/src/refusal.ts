import type { Reason } from "./reasons.ts";

/**
 * Why something is not done: an expected outcome, told before anything is stored. What it means to a person, and what to
 * do about it, is said at the door that they came through.
 */
export interface Refusal {
  readonly reason: Reason;
  /** What the texts of a door name: `variant`, `environment`, `path` ... */
  readonly params: Readonly<Record<string, string>>;
}
