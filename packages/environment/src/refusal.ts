import type { Reason } from "./reasons.ts";

/** Why something is not done: an expected outcome, told before anything is stored. */
export interface Refusal {
  /** The code of the API's problem. */
  readonly code:
    | "INVALID"
    | "NOT_FOUND"
    | "CONFLICT"
    | "REFUSED"
    | "UNCOMMITTED_WORK"
    | "NO_REPOSITORY";
  readonly reason: Reason;
  /** What, where and why, in one sentence. */
  readonly message: string;
  readonly fix: string;
}
