import { STABLE, formatVariant } from "@cocktail/route";
import type { VariantObject } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, deleteObject, writeSpec } from "../write.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import { environmentsNaming, findLiveVariant } from "./lookup.ts";

export interface DestroyIntent {
  readonly service: string;
  readonly key: string;
  /** Work that is nowhere else may be lost. */
  readonly discard: boolean;
  /** The platform says that there is such work. */
  readonly wouldLoseWork: boolean;
}

export function decideDestroy(
  objects: Objects,
  { service, key, discard, wouldLoseWork }: DestroyIntent,
): Decision {
  const name = formatVariant(service, key);
  if (key === STABLE) return refused("ReservedKey", { variant: name, service, verb: "destroy" });
  const variant = findLiveVariant(objects, service, key);
  if (variant === undefined) {
    return { kind: "decided", outcome: "already absent", writes: [], warnings: [] };
  }
  if (wouldLoseWork && !discard) return wouldLose([name]);
  return {
    kind: "decided",
    outcome: "deleted",
    writes: destruction(variant, discard),
    warnings: environmentsNaming(objects, service, key).map(
      (environment) =>
        `environment ${environment} names ${name}; the layers below answer there now`,
    ),
  };
}

/** That work may be lost is said before the deletion, which can't be told anything: both writes are one intent. */
export function destruction(variant: VariantObject, discard: boolean): readonly Write[] {
  if (!discard || variant.spec.discard === true) return [deleteObject(variant)];
  return [writeSpec(variant, { ...variant.spec, discard }), deleteObject(variant)];
}

export function wouldLose(names: readonly string[]): Refused {
  return refused("UncommittedWork", { variants: names.join(", ") });
}
