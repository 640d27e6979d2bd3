import type { PlannedAction } from "@cocktail/client";
import {
  type Action,
  type Facts,
  type ObjectIndex,
  type Policy,
  type Write,
  deleteObject,
  describeAction,
  endingWith,
  simulate,
  isLive,
  planTable,
  wholeEnvironmentPlan,
  wholePlan,
} from "@cocktail/environment";
import { RC, STABLE, formatVariant, parseVariant } from "@cocktail/route";
import {
  type Sources,
  observeAll,
  observeEnvironment,
  observeVariant,
  desiredLayers,
} from "../engine/observe.ts";
import type { Platform } from "../engine/platform.ts";

export interface DryRunAt {
  readonly now: number;
  readonly policy: Policy;
  readonly platform: Pick<Platform, "summarize">;
}

export interface Imagined {
  readonly objects: ObjectIndex;
  readonly plan: readonly PlannedAction[];
}

/** The effect of a list of writes: the objects afterwards, and the plans of all affected objects. */
export function dryRun(sources: Sources, writes: readonly Write[], at: DryRunAt): Imagined {
  const written = simulate(sources.objects, writes, at.now);
  const consequences = writes.flatMap((write) => destructionsOf(written, write));
  const objects = consequences.length === 0 ? written : simulate(written, consequences, at.now);
  const after: Sources = { ...sources, objects };
  const touched = new Map(
    [...writes, ...consequences].map((each) => [`${each.kind} ${each.name}`, each]),
  );
  const plan = [...touched.values()].flatMap((each) => planOf(after, each, at));
  return { objects, plan };
}

/** The deletions of variants that follow from deleting an environment. */
function destructionsOf(objects: ObjectIndex, { op, kind, name }: Write): readonly Write[] {
  if (kind !== "Environment" || op !== "delete") return [];
  const environment = objects.environments.get(name);
  if (environment === undefined || isLive(environment) || environment.spec.onDelete === "Keep")
    return [];
  return endingWith(objects, name).map((each) => deleteObject(each));
}

function planOf(after: Sources, { kind, name }: Write, at: DryRunAt): readonly PlannedAction[] {
  if (kind === "Environment")
    return planOfEnvironment(after, name, at).map((each) => describeAction(each));
  const pin = kind === "ServiceVariant" ? parseVariant(name) : undefined;
  if (pin === undefined) return [];
  const actions = [
    ...wholePlan(factsOf(after, pin.service, pin.key, at)),
    ...(pin.key === STABLE ? endOfCandidate(after, pin.service, at) : []),
  ];
  return actions.map((action) => describe(after, action, at));
}

function describe({ objects }: Sources, action: Action, { platform }: DryRunAt): PlannedAction {
  const described = describeAction(action);
  if (action.kind !== "EnsureWorkload") return described;
  const variant = objects.variants.get(formatVariant(action.ref.service, action.ref.key));
  return variant === undefined
    ? described
    : { ...described, detail: platform.summarize(variant.spec.source) };
}

/** The epoch that lists a promoted stable no longer lists its candidate. */
function endOfCandidate(after: Sources, service: string, at: DryRunAt): readonly Action[] {
  const promotion = after.objects.variants.get(formatVariant(service, STABLE))?.spec.promotion;
  const facts = factsOf(after, service, RC, at);
  const { desired, observed } = facts;
  if (promotion === undefined || desired?.uid !== promotion.candidate.uid) return [];
  if (observed.route.entry === undefined) return [];
  const route = { ...observed.route, entry: undefined };
  return wholePlan({ ...facts, observed: { ...observed, promoted: promotion.candidate, route } });
}

function planOfEnvironment(after: Sources, name: string, { now }: DryRunAt): readonly Action[] {
  const next = planTable(after.table, observeAll(after), desiredLayers(after));
  const table = next.kind === "next" ? next.table : after.table;
  const observed = observeEnvironment(after, name, table);
  return wholeEnvironmentPlan(after.objects.environments.get(name), observed, now);
}

function factsOf(sources: Sources, service: string, key: string, { now, policy }: DryRunAt): Facts {
  return { ...observeVariant(sources, { service, key }), now, policy };
}
