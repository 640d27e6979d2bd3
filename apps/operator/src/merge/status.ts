import { isDeepStrictEqual } from "node:util";
import { type Condition, type KubeObject, setCondition } from "@cocktail/kubernetes";
import { type EffectiveRoute, type Fields, fieldsOf, listOf } from "@cocktail/mesh";
import type { Fact } from "./conditions.ts";
import type { Verdict } from "./plan.ts";

export interface MergeStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** Kind and name of the routes in the target. Without their places: the deletion of one merge would change those of all others. */
  readonly routes: readonly Fields[];
}

/** The status to write for a verdict; undefined where it is so already. */
export function nextStatus(
  { merge, facts, routes: effective }: Verdict,
  now: number,
): MergeStatus | undefined {
  const before = fieldsOf(merge.object["status"]);
  const { generation } = merge.patch.owner;
  const known = conditionsIn(merge.object);
  const routes = effective?.map(routeOf) ?? listOf(before["routes"]);
  const conditions = facts.reduce<readonly Condition[]>(
    (list, fact) => setCondition(list, { ...fact, observedGeneration: generation }, now),
    known,
  );
  const isSame =
    conditions === known &&
    before["observedGeneration"] === generation &&
    // The API has members in an order of its own.
    isDeepStrictEqual(before["routes"] ?? [], routes);
  return isSame ? undefined : { observedGeneration: generation, conditions, routes };
}

function routeOf({ kind, name }: EffectiveRoute): Fields {
  return name === undefined ? { kind } : { kind, name };
}

/** The facts that are news to whoever watches the object's events. */
export function newsOf({ merge, facts }: Verdict): readonly Fact[] {
  const known = conditionsIn(merge.object);
  return facts.filter((fact) => {
    const before = known.find(({ type }) => type === fact.type);
    if (before?.status === fact.status && before.reason === fact.reason) return false;
    return fact.type === "Programmed" || isWarning(fact);
  });
}

export function isWarning({ type, status }: Fact): boolean {
  return type === "Conflict" ? status === "True" : status === "False";
}

function conditionsIn(object: KubeObject): readonly Condition[] {
  return listOf(fieldsOf(object["status"])["conditions"]).filter(isCondition);
}

/** What the schema of the definition promises. */
function isCondition(value: Fields): value is Fields & Condition {
  return typeof value["type"] === "string";
}
