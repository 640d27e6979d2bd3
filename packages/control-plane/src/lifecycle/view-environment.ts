import type { Environment, EnvironmentMember, Explanation } from "@cocktail/client";
import {
  type ConditionFact,
  environmentConditions,
  findEnvironment,
  liveKeys,
  planTable,
  serviceNames,
} from "@cocktail/environment";
import { RC, STABLE, own, resolve } from "@cocktail/route";
import { environmentKey } from "./act.ts";
import type { Core } from "./core.ts";
import { fixFor } from "./fixes.ts";
import { memberFacts, ownMembers } from "./member-facts.ts";
import { type Sources, observeAll, observeEnvironment } from "./observe.ts";
import { environmentUrl } from "./urls.ts";

/** Every layer there is: built in, of a key, or made by somebody. Built-in ones first, the others by name. */
export function environmentNames({ state, table }: Sources): readonly string[] {
  const names = new Set([
    ...liveKeys(state.state),
    ...state.state.environments.map(({ name }) => name),
    ...Object.keys(table.environments),
  ]);
  names.delete(STABLE);
  names.delete(RC);
  return [STABLE, RC, ...[...names].toSorted()];
}

export function viewEnvironment(
  core: Core,
  sources: Sources,
  name: string,
): Environment | undefined {
  if (!environmentNames(sources).includes(name)) return undefined;
  const desired = findEnvironment(sources.state.state, name);
  const facts = conditionFacts(core, sources, name);
  return {
    name,
    kind: kindOf(name, desired),
    parent: parentOf(sources, name, desired),
    url: environmentUrl(core, sources, name),
    header: { name: core.headerNames.environment, value: name },
    epoch: sources.table.epoch,
    expiresAt: timeOf(desired?.expiresAt),
    createdAt: timeOf(desired?.createdAt),
    conditions: core.knowledge.stamp(environmentKey(name), facts, core.clock.now()),
    members: viewMembers(sources, name),
    inherited: viewServices(sources, name),
  };
}

function kindOf(name: string, desired: object | undefined): Environment["kind"] {
  if (name === STABLE || name === RC) return "BuiltIn";
  return desired === undefined ? "Implicit" : "Explicit";
}

function parentOf(
  { table }: Sources,
  name: string,
  desired: { readonly parent: string } | undefined,
): string | undefined {
  if (name === STABLE) return undefined;
  return (desired ?? own(table.environments, name))?.parent ?? STABLE;
}

function conditionFacts(core: Core, sources: Sources, name: string): readonly ConditionFact[] {
  const { state, table } = sources;
  const next = planTable(table, observeAll(sources), state.state.environments);
  const nextTable = next.kind === "next" ? next.table : table;
  const { desired, observed } = observeEnvironment(sources, name, nextTable);
  // Stable is the root: it has no layer in a table, because it always answers.
  const root = { parent: STABLE, members: {} };
  return environmentConditions(
    {
      generation: desired?.generation ?? 0,
      expiresAt: desired?.expiresAt,
      members: memberFacts(core, sources, name),
      observed: name === STABLE ? { ...observed, layer: root, nextLayer: root } : observed,
    },
    core.clock.now(),
    core.policy,
  );
}

function viewMembers(sources: Sources, name: string): readonly EnvironmentMember[] {
  return Object.entries(ownMembers(sources, name))
    .map(([service, key]) => ({
      service,
      key,
      layer: name,
      live: own(own(sources.table.services, service) ?? {}, key) !== undefined,
    }))
    .toSorted((one, other) => (one.service < other.service ? -1 : 1));
}

/** What a request with this environment alone would meet, asked of `resolve` itself. */
function viewServices(sources: Sources, name: string): readonly EnvironmentMember[] {
  const environment = name === STABLE ? undefined : name;
  const route = { pins: new Map<string, string>(), environment, mode: "fallback" } as const;
  return [...serviceNames(sources.state.state)].toSorted().map((service) => {
    const { key, layer, variant } = resolve(sources.table, route, { service });
    return {
      service,
      key: key ?? STABLE,
      layer: layer ?? STABLE,
      live: variant !== undefined,
    };
  });
}

export function explain(core: Core, sources: Sources, name: string): Explanation | undefined {
  const environment = viewEnvironment(core, sources, name);
  if (environment === undefined) return undefined;
  const find = (type: ConditionFact["type"]): ConditionFact | undefined =>
    environment.conditions.find((each) => each.type === type);
  const isReady = find("Ready")?.status === "True";
  const degraded = find("Degraded");
  const cause = (isReady ? degraded : undefined) ?? find("Ready") ?? nothingKnown;
  const isFine = isReady && degraded === undefined;
  return {
    ready: isReady,
    reason: cause.reason,
    cause: cause.message,
    blocks: environment.conditions
      .filter(({ type, status }) => status !== "True" && type !== "Ready" && type !== "Expiring")
      .map(({ type }) => type),
    fix: isFine ? "" : fixFor(cause.reason, culprit(core, sources, name)),
    environment,
  };
}

const nothingKnown = { reason: "Publishing", message: "nothing is known of it yet" } as const;

/** The first member that is not ready, to be named in the fix. */
function culprit(core: Core, sources: Sources, name: string): string {
  const members = memberFacts(core, sources, name);
  const first =
    members.find(({ ready }) => ready !== undefined && ready.status !== "True") ??
    members.find(({ ready }) => ready === undefined);
  return first === undefined ? "SERVICE:KEY" : `${first.service}:${first.key}`;
}

function timeOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
