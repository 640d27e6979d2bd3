import { type Condition, type ConditionFact, reasons } from "@cocktail/environment";

/** As the models read it. */
interface FoundCondition {
  readonly type: string;
  readonly reason: string;
}

const types = {
  Ready: true,
  WorkloadReady: true,
  RoutesProgrammed: true,
  VariantsReady: true,
  Expiring: true,
  Degraded: true,
} as const satisfies Record<ConditionFact["type"], true>;

const isOwn = ({ type }: FoundCondition): boolean => Object.hasOwn(types, type);

/** The conditions of the engine. Those of others, or of another version, are no reason not to read the object. */
export function ownConditions<C extends FoundCondition>(found: readonly C[]): readonly C[] {
  return found.filter((each) => isOwn(each) && Object.hasOwn(reasons, each.reason));
}

/** The conditions to write: those of the engine, and after them those of others as they were. */
export function withForeign(
  own: readonly Condition[],
  found: readonly FoundCondition[],
): readonly FoundCondition[] {
  return [...own, ...found.filter((each) => !isOwn(each))];
}
