import type { Reason } from "./reasons.ts";

/**
 * Why a request is refused: an expected outcome, determined before anything is stored. API and command line turn it into a
 * text with a fix.
 */
export interface Refusal {
  readonly reason: Reason;
  /** Values for the text: `variant`, `environment`, `path` ... */
  readonly params: Readonly<Record<string, string>>;
}
