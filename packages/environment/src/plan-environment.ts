import type { TableEnvironment } from "@cocktail/route";
import type { Action } from "./action.ts";
import type { DesiredEnvironment } from "./desired.ts";
import type { Plan } from "./plan-variant.ts";
import { type Policy, defaultPolicy } from "./policy.ts";

/** Everything `planEnvironment` looks at, beside what is wanted. */
export interface ObservedEnvironment {
  readonly name: string;
  /** In the head of the route table. */
  readonly layer: TableEnvironment | undefined;
  /** As the next table would have it; differs from `layer` only until that is published. */
  readonly nextLayer: TableEnvironment | undefined;
  /** Epoch in which the layer last changed, or one not below it. */
  readonly changedAt: number;
  /** Every reader holds a table of at least this epoch. */
  readonly acked: number;
  /** Another environment stands on it, so it can't go. */
  readonly isParent: boolean;
}

/** What is to be done for one environment: its end when its lifetime is over, and its layer in every gateway's table. */
export function planEnvironment(
  desired: DesiredEnvironment | undefined,
  observed: ObservedEnvironment,
  now: number,
  policy: Policy = defaultPolicy,
): Plan {
  const expiresAt = desired?.expiresAt;
  const target = observed.name;
  const isOver = expiresAt !== undefined && expiresAt <= now;
  if (isOver && !observed.isParent) {
    const end: Action = { kind: "DestroyEnvironment", target, reason: "Expired" };
    return {
      actions: [end, ...publication(target, { ...observed, nextLayer: undefined })],
      ready: [end],
      planAgainAt: undefined,
    };
  }
  const actions = publication(target, observed);
  return {
    actions,
    ready: actions.slice(0, 1),
    planAgainAt: isOver ? now + policy.expiryRetryMs : expiresAt,
  };
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

/** True when both have the same parent and members. */
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
  if (after === undefined) return "the layer goes";
  const text = `${membersText(after.members) || "no members"} over ${after.parent}`;
  return before === undefined ? `the layer opens: ${text}` : `the layer becomes ${text}`;
}

function membersText(members: Readonly<Record<string, string>>): string {
  return Object.entries(members)
    .map(([service, key]) => `${service}:${key}`)
    .toSorted()
    .join(" ");
}
