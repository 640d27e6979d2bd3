import type { DeployRequest, PlannedAction } from "@cocktail/client";
import {
  type Decision,
  type DeployWish,
  type Refusal,
  type StateChange,
  applyChanges,
  describeAction,
  planEnvironment,
  planTable,
  planVariant,
} from "@cocktail/environment";
import { RC, STABLE, formatVariant, keyFromBranch } from "@cocktail/route";
import type { Core } from "./core.ts";
import { type Sources, observeAll, observeEnvironment, observeVariant } from "./observe.ts";
import { indexState } from "./state-cache.ts";

/** The wish of a deploy request: the key of a branch is derived from its name. */
export function wishOf(
  request: DeployRequest,
  projects: readonly string[] | undefined,
): DeployWish | Refusal {
  const branch =
    request.branch ?? (request.source?.kind === "branch" ? request.source.branch : undefined);
  const key =
    request.key ?? (branch === undefined ? undefined : keyFromBranch(branch, { projects }));
  if (key !== undefined) return { ...request, branch, key };
  return {
    code: "INVALID",
    reason: "InvalidRequest",
    message: `a deploy of ${request.service} names neither a key nor a branch`,
    fix: "give --branch NAME, or --key KEY",
  };
}

export function isRefusal(value: DeployWish | Refusal): value is Refusal {
  return "code" in value;
}

/** What a list of changes would bring about: the plans of everything that it names. */
export function planOf(
  core: Core,
  sources: Sources,
  changes: readonly StateChange[],
): readonly PlannedAction[] {
  const state = indexState(applyChanges(sources.state.state, changes));
  const after: Sources = { ...sources, state };
  const actions = changes.flatMap((change) => {
    if (change.kind === "PutVariant") return planOfVariant(core, after, change.variant);
    if (change.kind === "PutEnvironment")
      return planOfEnvironment(core, after, change.environment.name);
    return change.kind === "RemoveEnvironment" ? planOfEnvironment(core, after, change.name) : [];
  });
  return actions.map(describeAction);
}

type Actions = ReturnType<typeof planVariant>["actions"];

function planOfVariant(
  core: Core,
  after: Sources,
  {
    service,
    key,
    promotion,
  }: { readonly service: string; readonly key: string; readonly promotion?: object | undefined },
): Actions {
  const { desired, observed } = observeVariant(after, { service, key });
  const { actions } = planVariant(desired, observed, core.clock.now(), core.policy);
  if (key !== STABLE || promotion === undefined) return actions;
  // The same epoch that brings the promoted stable ends the candidate.
  const candidate = observeVariant(after, { service, key: RC });
  const { entry } = candidate.observed.route;
  const ended = {
    ...candidate.observed,
    promoted: candidate.desired?.generation,
    route: { ...candidate.observed.route, entry: undefined },
  };
  const ending =
    entry === undefined
      ? []
      : planVariant(candidate.desired, ended, core.clock.now(), core.policy).actions;
  return [...actions, ...ending];
}

function planOfEnvironment(core: Core, after: Sources, name: string): Actions {
  const next = planTable(after.table, observeAll(after), after.state.state.environments);
  const { desired, observed } = observeEnvironment(
    after,
    name,
    next.kind === "next" ? next.table : after.table,
  );
  return planEnvironment(desired, observed, core.clock.now(), core.policy).actions;
}

/** The objects that changes are about, as their queue names them. */
export function changedNames(changes: readonly StateChange[]): {
  readonly variants: readonly string[];
  readonly environments: readonly string[];
} {
  return {
    variants: changes.flatMap((each) =>
      each.kind === "PutVariant" ? [formatVariant(each.variant.service, each.variant.key)] : [],
    ),
    environments: changes.flatMap((each) => {
      if (each.kind === "PutEnvironment") return [each.environment.name];
      return each.kind === "RemoveEnvironment" ? [each.name] : [];
    }),
  };
}

export function asChanges<T>(decision: Decision<T>): {
  readonly changes: readonly StateChange[];
  readonly decision: Decision<T>;
} {
  return { changes: decision.kind === "refused" ? [] : decision.changes, decision };
}
