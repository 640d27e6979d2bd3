import { type ConditionFact, expiringFact } from "./condition.ts";
import type { EnvironmentObject } from "./object.ts";
import { type ObservedEnvironment, sameLayer } from "./plan-environment.ts";
import { type Policy, defaultPolicy } from "./policy.ts";

/** The readiness of a member. `ready` is undefined if the variant doesn't exist. */
export interface MemberFact {
  readonly service: string;
  readonly key: string;
  readonly ready: Pick<ConditionFact, "status" | "reason" | "message"> | undefined;
}

export interface EnvironmentFacts {
  readonly environment: EnvironmentObject;
  readonly members: readonly MemberFact[];
  readonly observed: ObservedEnvironment;
}

/** The conditions of an environment. It is ready if all of its members serve and every gateway holds the layer. */
export function environmentConditions(
  { environment, members, observed }: EnvironmentFacts,
  now: number,
  policy: Policy = defaultPolicy,
): readonly ConditionFact[] {
  const { generation: observedGeneration, deletedAt } = environment;
  const { expiresAt } = environment.spec;
  const variants = { ...membersFinding(members), observedGeneration };
  const routes = { ...layerFinding(observed), observedGeneration };
  const unready = variants.status === "True" ? routes : variants;
  const cause = deletedAt === undefined ? unready : { ...terminating, observedGeneration };
  const conditions: ConditionFact[] = [
    { ...cause, type: "Ready" },
    { ...variants, type: "VariantsReady" },
    { ...routes, type: "RoutesProgrammed" },
  ];
  const expiring = expiringFact(
    { expiresAt, wouldLoseWork: false },
    { now, soonMs: policy.expiresSoonMs, observedGeneration },
  );
  if (expiring !== undefined) conditions.push(expiring);
  return conditions;
}

type Finding = Pick<ConditionFact, "status" | "reason" | "message">;

const terminating: Finding = {
  status: "False",
  reason: "Terminating",
  message: "the environment is being deleted",
};

/** The combined readiness of the members of a layer. */
export function membersFinding(members: readonly MemberFact[]): Finding {
  const down = members.filter(({ ready }) => ready !== undefined && ready.status !== "True");
  const first = down[0];
  if (first?.ready !== undefined) {
    const message = `${namesOf(down)}: ${first.ready.message}`;
    return { status: "False", reason: first.ready.reason, message };
  }
  const missing = members.filter(({ ready }) => ready === undefined);
  if (missing.length > 0) {
    const message = `${namesOf(missing)}: not deployed; requests go to the layers below`;
    return { status: "False", reason: "MemberMissing", message };
  }
  const count = members.length === 1 ? "1 member serves" : `${members.length} members serve`;
  return { status: "True", reason: "MembersServe", message: count };
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
