import { type Action, derive, isLive, planVariant } from "@cocktail/environment";
import { STABLE, formatVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { observeAll } from "./observe.ts";

/** True if no variant is pending: each serves, is withdrawn or has failed. */
export function isSettled(core: Core): boolean {
  // A failed probe is retried without end; it must not delay readiness.
  return isEveryStableThere(core) && !isAnyVariant(core, ({ kind }) => kind !== "ProbeRoute");
}

/** True while a variant is starting, so that the first table can wait for it. */
export function isStarting(core: Core): boolean {
  return !isEveryStableThere(core) || isAnyVariant(core, ({ kind }) => beforeReady.has(kind));
}

const beforeReady: ReadonlySet<string> = new Set([
  "CreateIncarnation",
  "EnsureWorkload",
  "AwaitReady",
  "RecordState",
]);

function isAnyVariant(core: Core, wants: (action: Action) => boolean): boolean {
  const at = { now: core.clock.now(), policy: core.policy };
  return observeAll(core.sources()).some(({ desired, observed }) => {
    if (desired === undefined || !isLive(desired)) return false;
    if (derive(desired, observed).failed !== undefined) return false;
    return planVariant({ desired, observed, ...at }).ready.some(wants);
  });
}

/** True if every service has an up-to-date stable variant. */
export function isEveryStableThere({ cache: { index } }: Pick<Core, "cache">): boolean {
  return Array.from(index.services.values()).every((service) => {
    const stable = index.variants.get(formatVariant(service.name, STABLE));
    return stable?.spec.entryHash === service.spec.entryHash && isLive(stable);
  });
}
