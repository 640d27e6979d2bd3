import { STABLE } from "@cocktail/route";
import { isEqualDocument } from "../document.ts";
import type { ServiceSpec } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, createObject, deleteObject, writeSpec } from "../write.ts";
import { findLiveVariant, liveKeys } from "./lookup.ts";

export interface NamedService {
  readonly name: string;
  readonly spec: ServiceSpec;
}

export interface SyncDecision {
  readonly writes: readonly Write[];
  /** Messages for the user, one line each. */
  readonly notes: readonly string[];
}

/** Makes the stored services equal to those of the file. `planStable` then updates their stable variants. */
export function decideSync(objects: Objects, services: readonly NamedService[]): SyncDecision {
  const named = new Set(services.map(({ name }) => name));
  const gone = Array.from(objects.services.values()).filter(({ name }) => !named.has(name));
  return {
    writes: [
      ...services.flatMap((each) => upsert(objects, each)),
      ...gone.map((service) => deleteObject(service)),
    ],
    notes: [
      ...services.flatMap((each) => endedPromotion(objects, each)),
      ...gone
        .filter(({ name }) => findLiveVariant(objects, name, STABLE) !== undefined)
        .map(({ name }) => `${name} was removed from the file: its stable variant is deleted`),
      ...nameConflicts(objects, named),
    ],
  };
}

function upsert(objects: Objects, { name, spec }: NamedService): readonly Write[] {
  const before = objects.services.get(name);
  if (before === undefined) return [createObject("Service", name, spec)];
  return isEqualDocument(before.spec, spec) ? [] : [writeSpec(before, spec)];
}

function endedPromotion(objects: Objects, { name, spec }: NamedService): readonly string[] {
  const { entryHash, promotion } = findLiveVariant(objects, name, STABLE)?.spec ?? {};
  if (promotion === undefined || entryHash === spec.entryHash) return [];
  return [
    `${name} changed in the file: stable follows the file again, not the promotion of ${promotion.revision}`,
  ];
}

/** The file is not refused: a service with the name of a layer hides that layer's host. */
function nameConflicts(objects: Objects, services: ReadonlySet<string>): readonly string[] {
  return [...new Set([...objects.environments.keys(), ...liveKeys(objects)])]
    .filter((name) => services.has(name))
    .toSorted()
    .map(
      (name) =>
        `service ${name} and an environment have the same name: the host ${name} is routed to the service`,
    );
}
