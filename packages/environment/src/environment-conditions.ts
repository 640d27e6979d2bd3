import { type ConditionFact, expiringFact } from "./condition.ts";
import { type ObservedEnvironment, sameLayer } from "./plan-environment.ts";
import { type Policy, defaultPolicy } from "./policy.ts";

/** How a member does: `undefined` conditions mean that there is no such variant. */
export interface MemberFact {
  readonly service: string;
  readonly key: string;
  readonly ready: ConditionFact | undefined;
}

export interface EnvironmentFacts {
  /** 0 for a layer that nobody wrote. */
  readonly generation: number;
  readonly expiresAt?: number | undefined;
  readonly members: readonly MemberFact[];
  readonly observed: ObservedEnvironment;
}

/** The conditions of an environment: its members serve, and every gateway knows the layer. */
export function environmentConditions(
  { generation, expiresAt, members, observed }: EnvironmentFacts,
  now: number,
  policy: Policy = defaultPolicy,
): readonly ConditionFact[] {
  const observedGeneration = generation;
  const variants = { ...membersFinding(members), observedGeneration };
  const routes = { ...layerFinding(observed), observedGeneration };
  const cause = variants.status === "True" ? routes : variants;
  const conditions: ConditionFact[] = [
    { ...cause, type: "Ready" },
    { ...variants, type: "VariantsReady" },
    { ...routes, type: "RoutesProgrammed" },
  ];
  const missing = missingFinding(members);
  if (missing !== undefined) conditions.push({ ...missing, type: "Degraded", observedGeneration });
  const expiring = expiringFact(
    { expiresAt, uncommittedWork: false },
    { now, soonMs: policy.expiresSoonMs, observedGeneration },
  );
  if (expiring !== undefined) conditions.push(expiring);
  return conditions;
}

type Finding = Pick<ConditionFact, "status" | "reason" | "message">;

function membersFinding(members: readonly MemberFact[]): Finding {
  const down = members.filter(({ ready }) => ready !== undefined && ready.status !== "True");
  const first = down[0];
  if (first?.ready !== undefined) {
    const message = `${namesOf(down)}: ${first.ready.message}`;
    return { status: "False", reason: first.ready.reason, message };
  }
  const deployed = members.filter(({ ready }) => ready !== undefined).length;
  const count = deployed === 1 ? "1 member serves" : `${deployed} members serve`;
  return { status: "True", reason: "MembersServe", message: count };
}

/** Not deployed is no fault of the environment: the layers below answer, and that is worth telling. */
function missingFinding(members: readonly MemberFact[]): Finding | undefined {
  const missing = members.filter(({ ready }) => ready === undefined);
  if (missing.length === 0) return undefined;
  const message = `${namesOf(missing)}: not deployed; the layers below answer`;
  return { status: "True", reason: "MemberMissing", message };
}

function namesOf(members: readonly MemberFact[]): string {
  return members.map(({ service, key }) => `${service}:${key}`).join(", ");
}

function layerFinding({ layer, nextLayer, changedAt, acked }: ObservedEnvironment): Finding {
  if (!sameLayer(layer, nextLayer) || layer === undefined) {
    return {
      status: "False",
      reason: "Publishing",
      message: "the layer is not in the route table yet",
    };
  }
  if (acked < changedAt) {
    const message = `a gateway does not hold epoch ${changedAt} yet`;
    return { status: "False", reason: "AwaitingReaders", message };
  }
  return { status: "True", reason: "LayerPublished", message: "every gateway holds the layer" };
}
