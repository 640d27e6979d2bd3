import { RC, STABLE, type TableEnvironment, maxDepth } from "@cocktail/route";
import { type EnvironmentObject, type VariantObject, isLive } from "./object.ts";
import type { Objects } from "./object-index.ts";

/** A variant as layers see it: whether it may be a member by itself, and whether it is worth waiting for. */
export interface LayerVariant {
  readonly service: string;
  readonly key: string;
  /** It serves, or did and is only withdrawn: it is a member of its key's layer. */
  readonly isActive: boolean;
  /** It does not serve yet and may soon. */
  readonly isPending: boolean;
}

/** An explicit environment as layers see it. */
export interface WantedLayer {
  readonly name: string;
  readonly parent: string;
  readonly members: Readonly<Record<string, string>>;
  /** It is being deleted. It stays in the table until the variants that go with it do, so that all leave in one epoch. */
  readonly closing?: "waiting" | "closed" | undefined;
}

export function wantedLayer(
  { name, spec }: EnvironmentObject,
  closing: WantedLayer["closing"],
): WantedLayer {
  return { name, parent: spec.parent, members: spec.members, closing };
}

export type Layers = ReadonlyMap<string, TableEnvironment>;

/**
 * Every layer of the table: one for each key that is active, `rc`, and the explicit ones over them. An environment changes
 * as a whole: while one of its members is still pending it stays as `current` has it, so that it opens, and takes each
 * change, in one epoch.
 */
export function materialiseLayers(
  variants: readonly LayerVariant[],
  environments: readonly WantedLayer[],
  current: Readonly<Record<string, TableEnvironment>>,
): Layers {
  const implicit = implicitLayers(variants);
  const layers = new Map<string, TableEnvironment>();
  for (const [name, members] of implicit) {
    layers.set(name, { parent: STABLE, members: toRecord(members) });
  }
  const isPending = pendingMembers(variants);
  const open = environments.filter(({ closing }) => closing !== "closed");
  for (const wanted of open) {
    const members = implicit.get(wanted.name) ?? new Map<string, string>();
    const layer =
      wanted.closing === "waiting" || isPending(wanted)
        ? heldLayer(wanted, members, current)
        : overlay(wanted.parent, members, Object.entries(wanted.members));
    if (layer !== undefined) layers.set(wanted.name, layer);
  }
  return rooted(layers, open);
}

function implicitLayers(variants: readonly LayerVariant[]): Map<string, Map<string, string>> {
  const layers = new Map<string, Map<string, string>>([[RC, new Map()]]);
  for (const { service, key, isActive } of variants) {
    if (!isActive || key === STABLE) continue;
    const members = layers.get(key) ?? new Map<string, string>();
    layers.set(key, members.set(service, key));
  }
  return layers;
}

function pendingMembers(variants: readonly LayerVariant[]): (layer: WantedLayer) => boolean {
  const pending = new Set<string>();
  for (const each of variants) if (each.isPending) pending.add(`${each.service}:${each.key}`);
  return ({ members }) =>
    Object.entries(members).some(([service, key]) => pending.has(`${service}:${key}`));
}

/** As it is in the table now, but for the implicit members, which come and go by themselves. */
function heldLayer(
  wanted: WantedLayer,
  implicit: ReadonlyMap<string, string>,
  current: Readonly<Record<string, TableEnvironment>>,
): TableEnvironment | undefined {
  const now = Object.hasOwn(current, wanted.name) ? current[wanted.name] : undefined;
  if (now === undefined) return undefined;
  const explicit = Object.entries(now.members).filter(([, key]) => key !== wanted.name);
  return overlay(now.parent, implicit, explicit);
}

function overlay(
  parent: string,
  implicit: ReadonlyMap<string, string>,
  explicit: Iterable<readonly [string, string]>,
): TableEnvironment {
  return { parent, members: toRecord(new Map([...implicit, ...explicit])) };
}

/** Every chain of parents ends at stable: a missing parent is made empty, a chain that does not end is cut. */
function rooted(
  layers: Map<string, TableEnvironment>,
  environments: readonly WantedLayer[],
): Layers {
  const parents = new Map(environments.map(({ name, parent }) => [name, parent]));
  const missing = [...layers.values()].map(({ parent }) => parent);
  for (let name = missing.pop(); name !== undefined; name = missing.pop()) {
    if (name === STABLE || layers.has(name)) continue;
    const parent = parents.get(name) ?? STABLE;
    layers.set(name, { parent, members: {} });
    missing.push(parent);
  }
  const parentOf = (name: string): string | undefined => layers.get(name)?.parent;
  // In the order of names, so that which link of a cycle is cut does not depend on the order of the input.
  for (const name of [...layers.keys()].toSorted()) {
    const layer = layers.get(name);
    if (layer === undefined || depthOf(name, parentOf) !== undefined) continue;
    layers.set(name, { ...layer, parent: STABLE });
  }
  return layers;
}

/** How many parents are above a layer, stable included; undefined where they don't end there within the limit. */
export function depthOf(
  name: string,
  parentOf: (name: string) => string | undefined,
): number | undefined {
  let depth = 0;
  for (let at: string | undefined = name; at !== STABLE; at = parentOf(at)) {
    if (at === undefined || depth === maxDepth) return undefined;
    depth++;
  }
  return depth;
}

function toRecord(members: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries(members);
}

/** True for a variant that is being deleted while an environment that holds it waits for others that go with it. */
export function isHeldBack(
  objects: Pick<Objects, "naming" | "environments">,
  variant: VariantObject | undefined,
  isWaiting: (environment: EnvironmentObject) => boolean,
): boolean {
  if (variant === undefined || isLive(variant)) return false;
  const { service, key } = variant.spec;
  const own = objects.environments.get(key);
  return [...objects.naming(service, key), ...(own === undefined ? [] : [own])].some(isWaiting);
}
