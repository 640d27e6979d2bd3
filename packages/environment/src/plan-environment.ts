import type { TableEnvironment } from "@cocktail/route";
import type { Action } from "./action.ts";
import type { EnvironmentObject } from "./object.ts";
import type { Plan } from "./plan-variant.ts";
import { type Policy, defaultPolicy } from "./policy.ts";

/** The observed state of one environment. */
export interface ObservedEnvironment {
  readonly name: string;
  /** Its layer in the head of the route table. */
  readonly layer: TableEnvironment | undefined;
  /** Its layer in the next table; differs from `layer` until that is published. */
  readonly nextLayer: TableEnvironment | undefined;
  /** Epoch in which the layer last changed, or a later one. */
  readonly changedAt: number;
  /** Every reader holds at least this epoch. */
  readonly acked: number;
  /** It is the parent of another environment, so it cannot be deleted. */
  readonly isParent: boolean;
  /** `service:key` of live variants that are deleted with it. Determined only while it is being deleted. */
  readonly toDestroy: readonly string[];
}

/** The plan for one environment: publish its layer to every gateway, delete it when its lifetime is over. */
export function planEnvironment(
  desired: EnvironmentObject | undefined,
  observed: ObservedEnvironment,
  now: number,
  policy: Policy = defaultPolicy,
): Plan {
  const steps = environmentSteps(desired, observed, now);
  const { deletedAt, spec } = desired ?? {};
  const expiresAt = deletedAt === undefined ? spec?.expiresAt : undefined;
  const isOver = expiresAt !== undefined && expiresAt <= now;
  return {
    ready: steps[0] ?? [],
    planAgainAt: isOver ? now + policy.expiryRetryMs : expiresAt,
  };
}

/** All steps to the desired state, in order, for a dry run. */
export function wholeEnvironmentPlan(
  desired: EnvironmentObject | undefined,
  observed: ObservedEnvironment,
  now: number,
): readonly Action[] {
  return environmentSteps(desired, observed, now).flat();
}

/** Groups of actions; each group starts when the effect of the previous one is observed. */
function environmentSteps(
  desired: EnvironmentObject | undefined,
  observed: ObservedEnvironment,
  now: number,
): readonly (readonly Action[])[] {
  const target = observed.name;
  const publishing = publication(target, observed).map((action) => [action]);
  if (desired?.deletedAt !== undefined) {
    return [
      ...destroySteps(desired, observed),
      ...publishing,
      [{ kind: "ForgetEnvironment", target }],
    ];
  }
  const expiresAt = desired?.spec.expiresAt;
  const isOver = expiresAt !== undefined && expiresAt <= now;
  if (!isOver || observed.isParent) return publishing;
  return [
    [{ kind: "DestroyEnvironment", target, reason: "Expired" }],
    ...publication(target, { ...observed, nextLayer: undefined }).map((action) => [action]),
  ];
}

/** Its variants are deleted before it is removed, so that after a crash they are still found. */
function destroySteps(
  { spec }: EnvironmentObject,
  { toDestroy }: ObservedEnvironment,
): readonly (readonly Action[])[] {
  const discard = spec.onDelete === "Discard";
  const actions = toDestroy.map((target): Action => ({
    kind: "DestroyVariant",
    target,
    reason: "Requested",
    discard,
  }));
  return actions.length === 0 ? [] : [actions];
}

function publication(target: string, observed: ObservedEnvironment): readonly Action[] {
  const { layer, nextLayer, changedAt, acked } = observed;
  if (!sameLayer(layer, nextLayer)) {
    return [
      { kind: "PublishTable", target, change: describeLayerChange(layer, nextLayer) },
      { kind: "AwaitReaders", target, epoch: changedAt + 1 },
    ];
  }
  return acked < changedAt ? [{ kind: "AwaitReaders", target, epoch: changedAt }] : [];
}

/** True if both have the same parent and members. */
export function sameLayer(
  one: TableEnvironment | undefined,
  other: TableEnvironment | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.parent === other.parent && membersText(one.members) === membersText(other.members);
}

function describeLayerChange(
  before: TableEnvironment | undefined,
  after: TableEnvironment | undefined,
): string {
  if (after === undefined) return "layer removed";
  const text = `${membersText(after.members) || "no members"} over ${after.parent}`;
  return before === undefined ? `layer added: ${text}` : `layer changed: ${text}`;
}

function membersText(members: Readonly<Record<string, string>>): string {
  return Object.entries(members)
    .map(([service, key]) => `${service}:${key}`)
    .toSorted()
    .join(" ");
}
