import { type EnvironmentObject, type OnDelete, type VariantObject, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, deleteObject, writeSpec } from "../write.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import { type UncommittedWork, destroyWrites, refuseDataLoss } from "./destroy.ts";
import { endingWith, isLiveKey, liveEnvironment } from "./lookup.ts";
import { checkNotBuiltIn } from "./names.ts";

export interface DeleteEnvironmentIntent {
  readonly name: string;
  readonly keepVariants: boolean;
  /** Uncommitted work may be discarded. */
  readonly discard: boolean;
  readonly work: UncommittedWork;
}

/**
 * Deletes the layer and the variants that only it held. For an explicit environment only its own deletion is written: the
 * engine deletes the variants (`planEnvironment`), so a crash in between can't leave them behind.
 */
export function decideDeleteEnvironment(
  objects: Objects,
  intent: DeleteEnvironmentIntent,
): Decision<{ readonly variants: readonly string[] }> {
  const { name } = intent;
  const fault = checkNotBuiltIn(name) ?? checkNoChildren(objects, name);
  if (fault !== undefined) return fault;
  const environment = liveEnvironment(objects, name);
  if (environment === undefined && !isLiveKey(objects, name)) {
    return { kind: "decided", outcome: "already absent", writes: [], warnings: [], variants: [] };
  }
  const toDestroy = intent.keepVariants ? [] : endingWith(objects, name);
  const atRisk = toDestroy.flatMap(({ name: one }) => {
    const directories = intent.work.get(one) ?? [];
    return directories.length === 0 ? [] : [[one, directories] as const];
  });
  if (!intent.discard && atRisk.length > 0) return refuseDataLoss(new Map(atRisk));
  const writes: readonly Write[] =
    environment === undefined
      ? toDestroy.flatMap((each) => destroyWrites(each, intent.discard))
      : closing(environment, onDeleteOf(intent));
  return {
    kind: "decided",
    outcome: writes.length === 0 ? "unchanged" : "deleted",
    writes,
    warnings: keptWarnings(objects, name, toDestroy),
    variants: toDestroy.map((each) => each.name),
  };
}

function onDeleteOf({ keepVariants, discard }: DeleteEnvironmentIntent): OnDelete {
  if (keepVariants) return "Keep";
  return discard ? "Discard" : "Destroy";
}

/** `onDelete` is written before the deletion, because a deletion has no parameters. */
function closing(environment: EnvironmentObject, onDelete: OnDelete): readonly Write[] {
  const { spec } = environment;
  return (spec.onDelete ?? "Destroy") === onDelete
    ? [deleteObject(environment)]
    : [writeSpec(environment, { ...spec, onDelete }), deleteObject(environment)];
}

function checkNoChildren(objects: Objects, name: string): Refused | undefined {
  const children = objects.children(name).map((each) => each.name);
  if (children.length === 0) return undefined;
  return refused("EnvironmentIsParent", { environment: name, children: children.join(", ") });
}

function keptWarnings(
  objects: Objects,
  name: string,
  destroyed: readonly VariantObject[],
): readonly string[] {
  return objects
    .ofKey(name)
    .filter((each) => isLive(each) && !destroyed.includes(each))
    .map((each) => `${each.name} is kept, so the layer ${name} still exists`);
}
