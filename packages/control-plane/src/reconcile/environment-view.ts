import type { Environment, EnvironmentMember } from "@cocktail/client";
import {
  type ConditionFact,
  environmentConditions,
  findEnvironment,
  findLiveVariant,
  type MemberFact,
  serviceNames,
  variantConditions,
} from "@cocktail/environment";
import { own, RC, resolve, type RouteTable, STABLE, unrouted } from "@cocktail/route";
import { observeEnvironment, observeVariant, type Scene } from "./scene.ts";
import type { ViewContext } from "./variant-view.ts";

/** Names of everything that can be asked for: the built-in ones first, then the rest, sorted. */
export function knownEnvironments({ state, table }: Scene): readonly string[] {
  const names = new Set<string>();
  for (const name of Object.keys(table.environments)) names.add(name);
  for (const { name } of state.environments) names.add(name);
  for (const { key, deleted } of state.variants) if (!deleted) names.add(key);
  names.delete(STABLE);
  names.delete(RC);
  return [STABLE, RC, ...[...names].toSorted()];
}

/** `next` is the table as it would be published now: the same for all views of one scene. */
export function viewEnvironment(
  context: ViewContext,
  name: string,
  next: RouteTable,
): Environment | undefined {
  const { scene, addresses, history, policy } = context;
  const { state, table } = scene;
  const desired = findEnvironment(state, name);
  const layer = own(table.environments, name);
  const kind = kindOf(scene, name);
  if (kind === undefined) return undefined;
  const members = membersOf(scene, name);
  const facts = environmentConditions(
    {
      generation: desired?.generation ?? 0,
      expiresAt: desired?.expiresAt,
      members: members.map((member) => memberFact(context, member)),
      observed: name === STABLE ? root(scene) : observeEnvironment(scene, name, next),
    },
    scene.now,
    policy,
  );
  const hasEntry = state.services.some(({ entry }) => entry);
  const parent = name === STABLE ? undefined : (desired?.parent ?? layer?.parent ?? STABLE);
  return {
    name,
    kind,
    header: addresses.environmentHeader(name),
    epoch: table.epoch,
    conditions: history.stamp(`environment ${name}`, facts, scene.now),
    members,
    inherited: servedIn(scene, name),
    ...(parent === undefined ? {} : { parent }),
    ...(hasEntry ? { url: addresses.ofEnvironment(name) } : {}),
    ...(desired === undefined ? {} : { createdAt: new Date(desired.createdAt).toISOString() }),
    ...(desired?.expiresAt === undefined
      ? {}
      : { expiresAt: new Date(desired.expiresAt).toISOString() }),
  };
}

function kindOf(scene: Scene, name: string): Environment["kind"] | undefined {
  const { state, table } = scene;
  if (name === STABLE || name === RC) return "BuiltIn";
  if (findEnvironment(state, name) !== undefined) return "Explicit";
  const hasKey = state.variants.some(({ key, deleted }) => key === name && !deleted);
  return hasKey || own(table.environments, name) !== undefined ? "Implicit" : undefined;
}

/** Its own members: those that somebody named, and the variants of its key. */
function membersOf(scene: Scene, name: string): readonly EnvironmentMember[] {
  const { state, table } = scene;
  const members = new Map<string, string>();
  for (const { service, key, deleted } of state.variants) {
    if (key === name && !deleted) members.set(service, key);
  }
  const named = findEnvironment(state, name)?.members ?? {};
  for (const [service, key] of Object.entries(named)) members.set(service, key);
  return [...members]
    .map(([service, key]) => {
      const live = own(own(table.services, service) ?? {}, key) !== undefined;
      return { service, key, layer: name, live };
    })
    .toSorted((one, other) => (one.service < other.service ? -1 : 1));
}

/** Every service, and the layer that answers for it here: what `resolve` says. */
function servedIn({ state, table }: Scene, name: string): readonly EnvironmentMember[] {
  const route = { ...unrouted, environment: name === STABLE ? undefined : name };
  return [...serviceNames(state)].toSorted().flatMap((service) => {
    const { key, layer = STABLE } = resolve(table, route, { service });
    return key === undefined ? [] : [{ service, key, layer, live: true }];
  });
}

function memberFact(
  { scene, policy }: ViewContext,
  { service, key }: EnvironmentMember,
): MemberFact {
  const desired = findLiveVariant(scene.state, service, key);
  if (desired === undefined) return { service, key, ready: undefined };
  const observed = observeVariant(scene, service, key);
  const conditions: readonly ConditionFact[] = variantConditions(
    desired,
    observed,
    scene.now,
    policy,
  );
  return { service, key, ready: conditions.find(({ type }) => type === "Ready") };
}

/** The root is in every table without being listed. */
function root(scene: Scene): ReturnType<typeof observeEnvironment> {
  const layer = { parent: STABLE, members: {} };
  const acked = scene.findings.acked;
  return { name: STABLE, layer, nextLayer: layer, changedAt: acked, acked, isParent: true };
}
