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
  /** What a person should know of, one line each. */
  readonly notes: readonly string[];
}

/** The services as their file wants them. Their stable variants follow from them (`planStable`). */
export function decideSync(objects: Objects, services: readonly NamedService[]): SyncDecision {
  const named = new Set(services.map(({ name }) => name));
  const gone = Array.from(objects.services.values()).filter(({ name }) => !named.has(name));
  return {
    writes: [
      ...services.flatMap((each) => put(objects, each)),
      ...gone.map((service) => deleteObject(service)),
    ],
    notes: [
      ...services.flatMap((each) => endedPromotion(objects, each)),
      ...gone
        .filter(({ name }) => findLiveVariant(objects, name, STABLE) !== undefined)
        .map(({ name }) => `${name} is no longer in the file: its stable ends`),
      ...clashes(objects, named),
    ],
  };
}

function put(objects: Objects, { name, spec }: NamedService): readonly Write[] {
  const before = objects.services.get(name);
  if (before === undefined) return [createObject("Service", name, spec)];
  return isEqualDocument(before.spec, spec) ? [] : [writeSpec(before, spec)];
}

function endedPromotion(objects: Objects, { name, spec }: NamedService): readonly string[] {
  const { entryHash, promotion } = findLiveVariant(objects, name, STABLE)?.spec ?? {};
  if (promotion === undefined || entryHash === spec.entryHash) return [];
  return [`${name} changed in the file: its promotion of ${promotion.revision} ends`];
}

/** The file can't be refused; a service that took the name of a layer hides that layer's hosts. */
function clashes(objects: Objects, services: ReadonlySet<string>): readonly string[] {
  return [...new Set([...objects.environments.keys(), ...liveKeys(objects)])]
    .filter((name) => services.has(name))
    .toSorted()
    .map(
      (name) => `service ${name} has the name of an environment: the host ${name} is the service's`,
    );
}
