import { isDeepStrictEqual } from "node:util";
import { type Condition, isRecord, type KubeObject, setCondition } from "@cocktail/kubernetes";
import type { EffectiveRoute } from "@cocktail/mesh";
import type { Fact } from "./conditions.ts";
import type { Verdict } from "./plan.ts";
import { recordOf } from "./virtual-service-merge.ts";

export interface MergeStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** The routes that are in the target. Their places aren't told: one merge that goes would change those of all others. */
  readonly routes: readonly { readonly kind: EffectiveRoute["kind"]; readonly name?: string }[];
}

/** The status to write for a verdict; undefined where it is so already. */
export function nextStatus(
  { merge, facts, routes: effective }: Verdict,
  now: number,
): MergeStatus | undefined {
  const before = recordOf(merge.object["status"]);
  const { generation } = merge.patch.owner;
  const known = conditionsIn(merge.object);
  const routes = effective.map(({ kind, name }) =>
    name === undefined ? { kind } : { kind, name },
  );
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
  const { conditions } = recordOf(object["status"]);
  return Array.isArray(conditions) ? conditions.filter(isCondition) : [];
}

function isCondition(value: unknown): value is Condition {
  return isRecord(value) && typeof value["type"] === "string";
}
