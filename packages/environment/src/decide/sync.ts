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
  const notes: string[] = [];
  const writes: Write[] = [];
  for (const { name, spec } of services) {
    const before = objects.services.get(name);
    if (before === undefined) {
      writes.push(createObject("Service", name, spec));
    } else if (!isEqualDocument(before.spec, spec)) {
      writes.push(writeSpec(before, spec));
    }
    const { entryHash, promotion } = findLiveVariant(objects, name, STABLE)?.spec ?? {};
    if (promotion !== undefined && entryHash !== spec.entryHash) {
      notes.push(`${name} changed in the file: its promotion of ${promotion.revision} ends`);
    }
  }
  const named = new Set(services.map(({ name }) => name));
  for (const service of objects.services.values()) {
    if (named.has(service.name)) continue;
    writes.push(deleteObject(service));
    if (findLiveVariant(objects, service.name, STABLE) === undefined) continue;
    notes.push(`${service.name} is no longer in the file: its stable ends`);
  }
  return { writes, notes: [...notes, ...clashes(objects, named)] };
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
