/** A fact about an object, in the form Kubernetes gives it, without the time since it holds. */
export interface ConditionFact {
  readonly type:
    | "Ready"
    | "WorkloadReady"
    | "RoutesProgrammed"
    | "VariantsReady"
    | "Expiring"
    | "Degraded";
  readonly status: "True" | "False" | "Unknown";
  /** One of `reasons`, or a word of the platform's. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

export interface Condition extends ConditionFact {
  /** RFC 3339: since when the status is what it is. */
  readonly lastTransitionTime: string;
}

/** The conditions with their times: a status that did not change keeps its own. */
export function stampConditions(
  previous: readonly Condition[],
  facts: readonly ConditionFact[],
  now: number,
): readonly Condition[] {
  return facts.map((fact) => {
    const before = previous.find((each) => each.type === fact.type);
    const lastTransitionTime =
      before !== undefined && before.status === fact.status
        ? before.lastTransitionTime
        : new Date(now).toISOString();
    return { ...fact, lastTransitionTime };
  });
}

/** What is wrong with an object whose lifetime ends, or undefined where it has none. */
export function expiringFact(
  lifetime: { readonly expiresAt?: number | undefined; readonly uncommittedWork: boolean },
  at: { readonly now: number; readonly soonMs: number; readonly observedGeneration: number },
): ConditionFact | undefined {
  const { expiresAt, uncommittedWork } = lifetime;
  if (expiresAt === undefined) return undefined;
  const { observedGeneration } = at;
  const when = new Date(expiresAt).toISOString();
  const fact = (status: "True" | "False", reason: string, message: string): ConditionFact => ({
    type: "Expiring",
    status,
    reason,
    message,
    observedGeneration,
  });
  if (expiresAt <= at.now && uncommittedWork) {
    return fact(
      "True",
      "UncommittedWork",
      `kept since ${when}: its checkout holds uncommitted work`,
    );
  }
  return expiresAt - at.soonMs <= at.now
    ? fact("True", "ExpiresSoon", `expires at ${when}`)
    : fact("False", "ExpiresLater", `expires at ${when}`);
}
