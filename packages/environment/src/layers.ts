import { RC, STABLE, type TableEnvironment, maxDepth } from "@cocktail/route";
import { type EnvironmentObject, type VariantObject, isLive } from "./object.ts";
import type { Objects } from "./object-index.ts";

/** The properties of a variant that determine its layers. */
export interface LayerVariant {
  readonly service: string;
  readonly key: string;
  /** It serves or is withdrawn: it is a member of the layer of its key. */
  readonly isActive: boolean;
  /** It does not serve yet and has not failed. */
  readonly isPending: boolean;
}

/** The properties of an explicit environment that determine its layer. */
export interface DesiredLayer {
  readonly name: string;
  readonly parent: string;
  readonly members: Readonly<Record<string, string>>;
  /** Set while it is being deleted. It is `waiting`, and stays in the table, until the variants that are deleted with it leave. */
  readonly closing?: "waiting" | "closed" | undefined;
}

export function desiredLayer(
  { name, spec }: EnvironmentObject,
  closing: DesiredLayer["closing"],
): DesiredLayer {
  return { name, parent: spec.parent, members: spec.members, closing };
}

export type Layers = ReadonlyMap<string, TableEnvironment>;

/**
 * Every layer of the table: one for each active key, `rc`, and the explicit ones over them. An environment changes as a
 * whole, in one epoch: while one of its members is pending, it stays as it is in `current`.
 */
export function materialiseLayers(
  variants: readonly LayerVariant[],
  environments: readonly DesiredLayer[],
  current: Readonly<Record<string, TableEnvironment>>,
): Layers {
  const implicit = implicitLayers(variants);
  const layers = new Map<string, TableEnvironment>();
  for (const [name, members] of implicit) {
    layers.set(name, { parent: STABLE, members: toRecord(members) });
  }
  const isPending = pendingMembers(variants);
  const open = environments.filter(({ closing }) => closing !== "closed");
  for (const desired of open) {
    const members = implicit.get(desired.name) ?? new Map<string, string>();
    const layer =
      desired.closing === "waiting" || isPending(desired)
        ? unchangedLayer(desired, members, current)
        : overlay(desired.parent, members, Object.entries(desired.members));
    if (layer !== undefined) layers.set(desired.name, layer);
  }
  return rootParentChains(layers, open);
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

function pendingMembers(variants: readonly LayerVariant[]): (layer: DesiredLayer) => boolean {
  const pending = new Set<string>();
  for (const each of variants) if (each.isPending) pending.add(`${each.service}:${each.key}`);
  return ({ members }) =>
    Object.entries(members).some(([service, key]) => pending.has(`${service}:${key}`));
}

/** The layer as it is in the table now, with the implicit members of the next table. */
function unchangedLayer(
  desired: DesiredLayer,
  implicit: ReadonlyMap<string, string>,
  current: Readonly<Record<string, TableEnvironment>>,
): TableEnvironment | undefined {
  const now = Object.hasOwn(current, desired.name) ? current[desired.name] : undefined;
  if (now === undefined) return undefined;
  const explicit = Object.entries(now.members).filter(([, key]) => key !== desired.name);
  return overlay(now.parent, implicit, explicit);
}

function overlay(
  parent: string,
  implicit: ReadonlyMap<string, string>,
  explicit: Iterable<readonly [string, string]>,
): TableEnvironment {
  return { parent, members: toRecord(new Map([...implicit, ...explicit])) };
}

/** Makes every chain of parents end at stable: adds missing parents as empty layers, and cuts cycles and chains that are too long. */
function rootParentChains(
  layers: Map<string, TableEnvironment>,
  environments: readonly DesiredLayer[],
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
  // Sorted, so that the link at which a cycle is cut doesn't depend on the order of the input.
  for (const name of [...layers.keys()].toSorted()) {
    const layer = layers.get(name);
    if (layer === undefined || depthOf(name, parentOf) !== undefined) continue;
    layers.set(name, { ...layer, parent: STABLE });
  }
  return layers;
}

/** The number of parents of a layer, including stable; undefined if the chain doesn't reach stable within the limit. */
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

/** True for a variant that is being deleted while its environment waits for other variants that are deleted with it. */
export function isHeldBack(
  objects: Pick<Objects, "environmentsWith" | "environments">,
  variant: VariantObject | undefined,
  isWaiting: (environment: EnvironmentObject) => boolean,
): boolean {
  if (variant === undefined || isLive(variant)) return false;
  const { service, key } = variant.spec;
  const own = objects.environments.get(key);
  return [...objects.environmentsWith(service, key), ...(own === undefined ? [] : [own])].some(
    isWaiting,
  );
}
