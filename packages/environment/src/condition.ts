import type { Reason } from "./reasons.ts";

/** A condition as in Kubernetes, without its transition time. */
export interface ConditionFact {
  readonly type:
    | "Ready"
    | "WorkloadReady"
    | "RoutesProgrammed"
    | "VariantsReady"
    | "Expiring"
    | "Degraded";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: Reason;
  readonly message: string;
  readonly observedGeneration: number;
}

export interface Condition extends ConditionFact {
  /** RFC 3339: when the status last changed. */
  readonly lastTransitionTime: string;
}

/** Adds the transition times. A condition whose status did not change keeps its time. */
export function stampConditions(
  previous: readonly Condition[],
  facts: readonly ConditionFact[],
  now: number,
): readonly Condition[] {
  return facts.map((fact): Condition => {
    const before = previous.find((each) => each.type === fact.type);
    const lastTransitionTime =
      before !== undefined && before.status === fact.status
        ? before.lastTransitionTime
        : new Date(now).toISOString();
    return { ...fact, lastTransitionTime };
  });
}

/** The `Expiring` condition; undefined if the object has no lifetime. */
export function expiringFact(
  lifetime: { readonly expiresAt?: number | undefined; readonly wouldLoseWork: boolean },
  at: { readonly now: number; readonly soonMs: number; readonly observedGeneration: number },
): ConditionFact | undefined {
  const { expiresAt, wouldLoseWork } = lifetime;
  if (expiresAt === undefined) return undefined;
  const { observedGeneration } = at;
  const when = new Date(expiresAt).toISOString();
  const fact = (status: "True" | "False", reason: Reason, message: string): ConditionFact => ({
    type: "Expiring",
    status,
    reason,
    message,
    observedGeneration,
  });
  if (expiresAt <= at.now && wouldLoseWork) {
    return fact("True", "UncommittedWork", `expired at ${when}, but kept: it has uncommitted work`);
  }
  return expiresAt - at.soonMs <= at.now
    ? fact("True", "ExpiresSoon", `expires at ${when}`)
    : fact("False", "ExpiresLater", `expires at ${when}`);
}
