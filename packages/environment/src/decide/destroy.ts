import { STABLE, formatVariant } from "@cocktail/route";
import type { VariantObject } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, deleteObject, writeSpec } from "../write.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import { environmentsNaming, findLiveVariant } from "./lookup.ts";

export interface DestroyIntent {
  readonly service: string;
  readonly key: string;
  /** Uncommitted work may be discarded. */
  readonly discard: boolean;
  /** The directories in which the platform found uncommitted work. */
  readonly work: readonly string[];
}

export function decideDestroy(
  objects: Objects,
  { service, key, discard, work }: DestroyIntent,
): Decision {
  const name = formatVariant(service, key);
  if (key === STABLE) return refused("ReservedKey", { variant: name, service, verb: "destroy" });
  const variant = findLiveVariant(objects, service, key);
  if (variant === undefined) {
    return { kind: "decided", outcome: "already absent", writes: [], warnings: [] };
  }
  if (work.length > 0 && !discard) return refuseDataLoss(new Map([[name, work]]));
  return {
    kind: "decided",
    outcome: "deleted",
    writes: destroyWrites(variant, discard),
    warnings: environmentsNaming(objects, service, key).map(
      (environment) =>
        `environment ${environment} has ${name} as a member; its requests now go to the layers below`,
    ),
  };
}

/** `discard` is written before the deletion, because a deletion has no parameters. */
export function destroyWrites(variant: VariantObject, discard: boolean): readonly Write[] {
  if (!discard || variant.spec.discard === true) return [deleteObject(variant)];
  return [writeSpec(variant, { ...variant.spec, discard }), deleteObject(variant)];
}

/** By `service:key`, the directories that hold its uncommitted work. */
export type UncommittedWork = ReadonlyMap<string, readonly string[]>;

export function refuseDataLoss(work: UncommittedWork): Refused {
  return refused("UncommittedWork", {
    variants: [...work.keys()].join(", "),
    directories: [...work.values()].flat().join(", "),
  });
}
