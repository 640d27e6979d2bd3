import type { Environment, EnvironmentMember } from "@cocktail/client";
import {
  type Condition,
  type EnvironmentObject,
  type MemberFact,
  type Objects,
  isLive,
  liveKeys,
  membersFinding,
  serviceNames,
} from "@cocktail/environment";
import { RC, type RouteTable, STABLE, formatVariant, own, resolve } from "@cocktail/route";
import { memberFacts, ownMembers } from "../engine/members.ts";
import type { Unfixed } from "./lifecycle-service.ts";
import { environmentUrl } from "./urls.ts";
import type { ViewSources } from "./view-variant.ts";

type Known = Pick<ViewSources, "objects" | "table">;
type Looked = Pick<ViewSources, "objects" | "table" | "platform">;

/** All layers: built-in ones first, then implicit and explicit ones by name. */
export function environmentNames({ objects, table }: Known): readonly string[] {
  const names = new Set([
    ...liveKeys(objects),
    ...objects.environments.keys(),
    ...Object.keys(table.environments),
  ]);
  names.delete(STABLE);
  names.delete(RC);
  return [STABLE, RC, ...[...names].toSorted()];
}

export function isEnvironment({ objects, table }: Known, name: string): boolean {
  return (
    name === STABLE ||
    name === RC ||
    objects.environments.has(name) ||
    own(table.environments, name) !== undefined ||
    objects.ofKey(name).some(isLive)
  );
}

/** Shared by all environments of a list, so that a list needs one pass. */
export interface EnvironmentViews {
  view(name: string): Environment;
}

export function environmentViews(sources: ViewSources): EnvironmentViews {
  const services = [...serviceNames(sources.objects)].toSorted();
  return { view: (name) => viewEnvironment(sources, name, services) };
}

function viewEnvironment(
  sources: ViewSources,
  name: string,
  services: readonly string[],
): Environment {
  const { objects, table, addresses, headerNames } = sources;
  const object = objects.environments.get(name);
  return {
    name,
    kind: kindOf(name, object),
    parent: name === STABLE ? undefined : parentOf(table, name, object),
    url: environmentUrl(addresses, objects, name),
    header: { name: headerNames.environment, value: name },
    epoch: table.epoch,
    expiresAt: timeOf(object?.spec.expiresAt),
    createdAt: timeOf(object?.createdAt),
    changedBy: object?.changedBy?.actor.name,
    conditions: object === undefined ? implicitConditions(sources, name) : conditionsOf(object),
    members: viewMembers(sources, name),
    inherited: viewInherited(sources, name, services),
  };
}

function kindOf(name: string, object: EnvironmentObject | undefined): Environment["kind"] {
  if (name === STABLE || name === RC) return "BuiltIn";
  return object === undefined ? "Implicit" : "Explicit";
}

function parentOf(
  table: RouteTable,
  name: string,
  object: EnvironmentObject | undefined,
): string | undefined {
  return object?.spec.parent ?? own(table.environments, name)?.parent ?? STABLE;
}

function conditionsOf({ status, generation, createdAt }: EnvironmentObject): readonly Condition[] {
  if (status !== undefined) return status.conditions;
  return [
    {
      type: "Ready",
      status: "Unknown",
      reason: "Publishing",
      message: "not reconciled yet",
      observedGeneration: generation - 1,
      lastTransitionTime: new Date(createdAt).toISOString(),
    },
  ];
}

/** An implicit layer has no stored status: its conditions are derived from its members. */
function implicitConditions(sources: Looked, name: string): readonly Condition[] {
  const { objects, table } = sources;
  const members = memberFacts(sources, name);
  const lastTransitionTime = since(objects, members);
  const variants = membersFinding(members);
  const isListed = name === STABLE || own(table.environments, name) !== undefined;
  const routes = isListed
    ? ({
        status: "True",
        reason: "LayerPublished",
        message: "the layer is in the route table",
      } as const)
    : ({
        status: "False",
        reason: "Publishing",
        message: "the layer is not in the route table yet",
      } as const);
  const ready = variants.status === "True" ? routes : variants;
  const at = { observedGeneration: 0, lastTransitionTime };
  return [
    { type: "Ready", ...ready, ...at },
    { type: "VariantsReady", ...variants, ...at },
    { type: "RoutesProgrammed", ...routes, ...at },
  ];
}

function since(objects: Objects, members: readonly MemberFact[]): string {
  const times = members.flatMap(({ service, key }) => {
    const variant = objects.variants.get(formatVariant(service, key));
    const ready = variant?.status?.conditions.find(({ type }) => type === "Ready");
    return ready === undefined ? [] : [ready.lastTransitionTime];
  });
  const latest = times.toSorted().at(-1);
  if (latest !== undefined) return latest;
  const created = Array.from(objects.services.values(), ({ createdAt }) => createdAt);
  return new Date(created.length === 0 ? 0 : Math.min(...created)).toISOString();
}

function viewMembers({ objects, table }: Known, name: string): readonly EnvironmentMember[] {
  return Object.entries(ownMembers(objects, table, name))
    .map(([service, key]) => ({
      service,
      key,
      layer: name,
      live: own(own(table.services, service) ?? {}, key) !== undefined,
    }))
    .toSorted((one, other) => (one.service < other.service ? -1 : 1));
}

/** The variants that a request with only this environment reaches, computed by `resolve`. */
function viewInherited(
  { table }: Known,
  name: string,
  services: readonly string[],
): readonly EnvironmentMember[] {
  const environment = name === STABLE ? undefined : name;
  const route = { pins: new Map<string, string>(), environment, mode: "fallback" } as const;
  return services.map((service) => {
    const { key, layer, variant } = resolve(table, route, { service });
    return {
      service,
      key: key ?? STABLE,
      layer: layer ?? STABLE,
      live: variant !== undefined,
    };
  });
}

/** Why an environment is not ready: the condition, and the member that the fix is for. */
export function explainEnvironment(sources: ViewSources, environment: Environment): Unfixed {
  const find = (type: Condition["type"]): Environment["conditions"][number] | undefined =>
    environment.conditions.find((each) => each.type === type);
  const cause = find("Ready");
  return {
    ready: cause?.status === "True",
    reason: cause?.reason ?? "Publishing",
    cause: cause?.message ?? "not reconciled yet",
    params: {
      environment: environment.name,
      variant: firstUnreadyMember(sources, environment.name),
    },
    blocks: environment.conditions
      .filter(({ type, status }) => status !== "True" && type !== "Ready" && type !== "Expiring")
      .map(({ type }) => type),
    environment,
  };
}

function firstUnreadyMember(sources: Looked, name: string): string {
  const members = memberFacts(sources, name);
  const first =
    members.find(({ ready }) => ready !== undefined && ready.status !== "True") ??
    members.find(({ ready }) => ready === undefined);
  return first === undefined ? "" : formatVariant(first.service, first.key);
}

function timeOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
