/** As in Kubernetes: `metav1.Condition`. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** UpperCamel. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339: when the status last changed. */
  readonly lastTransitionTime: string;
}

/**
 * The list with one condition set. Its transition time moves only if its status does. Others, also those of other controllers, stay as
 * they are. The same list if nothing changed, so that nothing need be written.
 */
export function setCondition(
  conditions: readonly Condition[],
  fact: Omit<Condition, "lastTransitionTime">,
  now: number,
): readonly Condition[] {
  const before = conditions.find(({ type }) => type === fact.type);
  if (before !== undefined && isSame(before, fact)) return conditions;
  const lastTransitionTime =
    before?.status === fact.status
      ? before.lastTransitionTime
      : `${new Date(now).toISOString().slice(0, 19)}Z`;
  const next: Condition = { ...fact, lastTransitionTime };
  return before === undefined
    ? [...conditions, next]
    : conditions.map((each) => (each === before ? next : each));
}

function isSame(before: Condition, fact: Omit<Condition, "lastTransitionTime">): boolean {
  return (
    before.status === fact.status &&
    before.reason === fact.reason &&
    before.message === fact.message &&
    before.observedGeneration === fact.observedGeneration
  );
}
