import { planVariant, standingFailure } from "@cocktail/environment";
import type { Core } from "./core.ts";
import { observeAll } from "./observe.ts";

/** True when every wanted variant serves, is withdrawn or has failed: nothing is on its way any more. */
export function isSettled(core: Core): boolean {
  const now = core.clock.now();
  return observeAll(core.sources()).every(({ desired, observed }) => {
    if (desired === undefined || desired.deleted) return true;
    if (standingFailure(desired, observed) !== undefined) return true;
    const { ready } = planVariant(desired, observed, now, core.policy);
    // A probe that fails is a fact about the variant, not about the start.
    return ready.every(({ kind }) => kind === "ProbeRoute");
  });
}
