import { STABLE, formatVariant } from "@cocktail/route";
import type { DesiredVariant } from "../desired.ts";
import type { StateChange, StoredState } from "../state.ts";
import { type Decision, refused } from "./decision.ts";
import { uncommitted } from "./destroy.ts";
import { findEnvironment, holdersOf } from "./lookup.ts";
import { checkNotBuiltIn } from "./names.ts";

export interface DeleteEnvironmentWish {
  readonly name: string;
  readonly keepVariants: boolean;
  readonly discard: boolean;
  /** `service:key` of those whose checkout holds work that is nowhere else. */
  readonly uncommittedWork: ReadonlySet<string>;
  /** Somebody asks, who can be refused; a lifetime that is over can't, so what holds work is kept. */
  readonly because: "Requested" | "Expired";
}

/** Takes away the layer and the variants that only it held. */
export function decideDeleteEnvironment(
  state: StoredState,
  wish: DeleteEnvironmentWish,
): Decision<{ readonly variants: readonly string[] }> {
  const { name } = wish;
  const fault = checkNotBuiltIn(name) ?? checkNoChildren(state, name);
  if (fault !== undefined) return fault;
  const environment = findEnvironment(state, name);
  const held = heldOnlyBy(state, name);
  if (environment === undefined && !hasLayer(state, name)) {
    return { kind: "decided", outcome: "already absent", changes: [], warnings: [], variants: [] };
  }
  const doomed = wish.keepVariants ? [] : held;
  const atRisk = wouldLoseWork(doomed, wish);
  if (wish.because === "Requested" && atRisk.size > 0) return uncommitted([...atRisk].map(nameOf));
  const destroyed = doomed.filter((each) => !atRisk.has(each));
  const changes = [
    ...(environment === undefined ? [] : [{ kind: "RemoveEnvironment", name } as const]),
    ...destroyed.map((variant) => put({ ...variant, deleted: true, discard: wish.discard })),
  ];
  return {
    kind: "decided",
    outcome: changes.length === 0 ? "unchanged" : "deleted",
    changes,
    warnings: keptWarnings(state, name, destroyed),
    variants: destroyed.map(nameOf).toSorted(),
  };
}

function wouldLoseWork(
  variants: readonly DesiredVariant[],
  { discard, uncommittedWork }: DeleteEnvironmentWish,
): ReadonlySet<DesiredVariant> {
  return new Set(discard ? [] : variants.filter((each) => uncommittedWork.has(nameOf(each))));
}

/** Variants that would have no layer left, stable never among them. */
export function heldOnlyBy(state: StoredState, name: string): readonly DesiredVariant[] {
  return state.variants.filter((each) => {
    if (each.deleted || each.key === STABLE) return false;
    const holders = holdersOf(state, each);
    return holders.size === 1 && holders.has(name);
  });
}

function checkNoChildren(
  state: StoredState,
  name: string,
): Extract<Decision, { kind: "refused" }> | undefined {
  const children = childrenOf(state, name);
  if (children.length === 0) return undefined;
  return refused(
    "CONFLICT",
    "EnvironmentIsParent",
    `environment ${name} can't go: ${children.join(", ")} ${children.length === 1 ? "stands" : "stand"} on it`,
    "delete those first, or give them another parent",
  );
}

/** Names of the environments that stand on it. */
export function childrenOf(state: StoredState, name: string): readonly string[] {
  return state.environments
    .filter(({ parent }) => parent === name)
    .map((each) => each.name)
    .toSorted();
}

function hasLayer(state: StoredState, name: string): boolean {
  return state.variants.some((each) => !each.deleted && each.key === name);
}

function keptWarnings(
  state: StoredState,
  name: string,
  destroyed: readonly DesiredVariant[],
): readonly string[] {
  return state.variants
    .filter((each) => each.key === name && !each.deleted && !destroyed.includes(each))
    .map((each) => `${nameOf(each)} stays, and with it the layer of its key`)
    .toSorted();
}

function put(variant: DesiredVariant): StateChange {
  return { kind: "PutVariant", variant };
}

function nameOf({ service, key }: DesiredVariant): string {
  return formatVariant(service, key);
}
