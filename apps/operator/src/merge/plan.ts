import { type KubeObject, refOf } from "@cocktail/kubernetes";
import {
  fieldsOf,
  type EffectiveRoute,
  merge,
  type MergeOptions,
  ownerText,
  type RawVirtualService,
} from "@cocktail/mesh";
import { conditionsOf, type Fact, refused } from "./conditions.ts";
import type { VirtualServiceMerge } from "./virtual-service-merge.ts";

/** What is known about one VirtualService and the merges that are for it. */
export interface TargetState {
  /** `namespace/name`. */
  readonly key: string;
  readonly target: KubeObject | undefined;
  /** False: the operator doesn't work in the namespace of the target. */
  readonly isWatched: boolean;
  readonly merges: readonly VirtualServiceMerge[];
  /** Other operators that write VirtualServices by other rules. */
  readonly rivals: readonly string[];
  /** What the API said of merges with which it refuses the target, by uid. */
  readonly refusals: ReadonlyMap<string, string>;
  readonly options: MergeOptions;
}

/** What a merge is told. */
export interface Verdict {
  readonly merge: VirtualServiceMerge;
  readonly facts: readonly Fact[];
  /** Undefined: they are as the status has them. */
  readonly routes: readonly EffectiveRoute[] | undefined;
}

export interface TargetPlan {
  /** Undefined where the target is as it should be. */
  readonly write: KubeObject | undefined;
  /** For the merges that are not being deleted. */
  readonly verdicts: readonly Verdict[];
}

/** What to write for one target. Pure: the same state gives the same plan. */
export function planTarget(state: TargetState): TargetPlan {
  const { key, target, rivals, refusals } = state;
  const live = state.merges.filter(({ isDeleted }) => !isDeleted);
  const all = (facts: readonly Fact[]): TargetPlan => ({
    write: undefined,
    verdicts: live.map((one) => ({ merge: one, facts, routes: [] })),
  });
  if (rivals.length > 0)
    return all(
      refused(
        "Accepted",
        "OldOperatorRuns",
        `${rivals.join(", ")} merges too: end it, and this operator takes its routes over.`,
      ),
    );
  const { namespace, name } = refOf(key);
  if (name === "") return all(refused("Accepted", "NoTarget", "spec.target.name is empty."));
  if (target === undefined) {
    const what = state.isWatched
      ? `There is no VirtualService ${name} in the namespace ${namespace}: it is merged when there is.`
      : `This operator doesn't work in the namespace ${namespace}: see its option --namespaces.`;
    return all(refused("TargetResolved", "TargetNotFound", what));
  }
  const good = live.filter((one) => !refusals.has(one.patch.owner.uid));
  const planned = planMerge(target, good, state);
  const bad = live.flatMap((one): readonly Verdict[] => {
    const text = refusals.get(one.patch.owner.uid);
    if (text === undefined) return [];
    return [{ merge: one, facts: refused("Accepted", "WriteRefused", text), routes: [] }];
  });
  return { write: planned.write, verdicts: [...planned.verdicts, ...bad] };
}

/** With some of the merges. */
export function planMerge(
  target: KubeObject,
  merges: readonly VirtualServiceMerge[],
  { key, options }: Pick<TargetState, "key" | "options">,
): TargetPlan {
  const raw = rawOf(target);
  const patches = merges.map(({ patch }) => patch);
  const { virtualService, effective, faults } = merge(raw, patches, options);
  const routes = new Map(effective.map((one) => [one.owner, one.routes]));
  const verdicts = merges.map((one): Verdict => {
    const { owner } = one.patch;
    const text = ownerText(owner);
    const own = faults.filter((fault) => fault.owner === undefined || fault.owner === text);
    return {
      merge: one,
      facts: conditionsOf(own, `VirtualService ${key}`),
      routes: routes.get(owner) ?? [],
    };
  });
  const isSame = virtualService === raw;
  return { write: isSame ? undefined : written(target, virtualService), verdicts };
}

function written(target: KubeObject, { metadata, spec }: RawVirtualService): KubeObject {
  const { annotations: _, ...rest } = target.metadata;
  const { annotations } = metadata;
  return {
    ...target,
    metadata: annotations === undefined ? rest : { ...rest, annotations },
    spec,
  };
}

/** A VirtualService of any shape as the merge takes it. */
export function rawOf({ apiVersion = "", kind = "", ...object }: KubeObject): RawVirtualService {
  return { ...object, apiVersion, kind, spec: fieldsOf(object["spec"]) };
}
