import { formatVariant } from "@cocktail/route";
import type {
  AnyObject,
  EnvironmentObject,
  Kind,
  ObjectOf,
  ServiceObject,
  VariantObject,
} from "./object.ts";

/** Objects as decisions and views read them. A lookup is proportional to its result, not to the number of objects. */
export interface Objects {
  readonly services: ReadonlyMap<string, ServiceObject>;
  /** By `service:key`. */
  readonly variants: ReadonlyMap<string, VariantObject>;
  readonly environments: ReadonlyMap<string, EnvironmentObject>;
  /** Variants of a key, including those that are being deleted. */
  ofKey(key: string): readonly VariantObject[];
  ofService(service: string): readonly VariantObject[];
  /** The explicit environments that have a variant as a member, by name. */
  environmentsWith(service: string, key: string): readonly EnvironmentObject[];
  /** The environments that have it as their parent, by name. */
  children(name: string): readonly EnvironmentObject[];
}

/** Objects in memory, indexed by key, service, member and parent. Updated incrementally. */
export class ObjectIndex implements Objects {
  readonly services: Map<string, ServiceObject> = new Map();
  readonly variants: Map<string, VariantObject> = new Map();
  readonly environments: Map<string, EnvironmentObject> = new Map();
  readonly #byKey = new NameIndex<string>();
  readonly #byService = new NameIndex<string>();
  readonly #naming = new NameIndex<string>();
  readonly #children = new NameIndex<string>();

  constructor(objects: Iterable<AnyObject> = []) {
    for (const object of objects) this.put(object);
  }

  copy(): ObjectIndex {
    return new ObjectIndex(this.all());
  }

  *all(): Generator<AnyObject, void, undefined> {
    yield* this.services.values();
    yield* this.variants.values();
    yield* this.environments.values();
  }

  get(kind: Kind, name: string): AnyObject | undefined {
    switch (kind) {
      case "Service":
        return this.services.get(name);
      case "ServiceVariant":
        return this.variants.get(name);
      case "Environment":
        return this.environments.get(name);
      case "Ledger":
        return undefined;
    }
  }

  put(object: AnyObject): void {
    this.remove(object.kind, object.name);
    switch (object.kind) {
      case "Service":
        this.services.set(object.name, object);
        return;
      case "ServiceVariant":
        this.variants.set(object.name, object);
        this.#byKey.add(object.spec.key, object.name);
        this.#byService.add(object.spec.service, object.name);
        return;
      case "Environment":
        this.environments.set(object.name, object);
        for (const name of memberNames(object)) this.#naming.add(name, object.name);
        this.#children.add(object.spec.parent, object.name);
        return;
      case "Ledger":
        return;
    }
  }

  remove(kind: Kind, name: string): void {
    if (kind === "Service") this.services.delete(name);
    if (kind === "ServiceVariant") this.#removeVariant(name);
    if (kind === "Environment") this.#removeEnvironment(name);
  }

  #removeVariant(name: string): void {
    const before = this.variants.get(name);
    if (before === undefined) return;
    this.variants.delete(name);
    this.#byKey.remove(before.spec.key, name);
    this.#byService.remove(before.spec.service, name);
  }

  #removeEnvironment(name: string): void {
    const before = this.environments.get(name);
    if (before === undefined) return;
    this.environments.delete(name);
    for (const member of memberNames(before)) this.#naming.remove(member, name);
    this.#children.remove(before.spec.parent, name);
  }

  ofKey(key: string): readonly VariantObject[] {
    return found(this.#byKey.of(key), this.variants);
  }

  ofService(service: string): readonly VariantObject[] {
    return found(this.#byService.of(service), this.variants);
  }

  environmentsWith(service: string, key: string): readonly EnvironmentObject[] {
    return found(this.#naming.of(formatVariant(service, key)), this.environments);
  }

  children(name: string): readonly EnvironmentObject[] {
    return found(this.#children.of(name), this.environments);
  }
}

function memberNames({ spec }: ObjectOf<"Environment">): readonly string[] {
  return Object.entries(spec.members).map(([service, key]) => formatVariant(service, key));
}

function found<T>(names: readonly string[], objects: ReadonlyMap<string, T>): readonly T[] {
  return names.flatMap((name) => objects.get(name) ?? []);
}

/** Sorted names by an index key. */
class NameIndex<T extends string> {
  readonly #groups = new Map<string, Set<T>>();

  add(indexKey: string, name: T): void {
    const group = this.#groups.get(indexKey) ?? new Set();
    this.#groups.set(indexKey, group.add(name));
  }

  remove(indexKey: string, name: T): void {
    const group = this.#groups.get(indexKey);
    group?.delete(name);
    if (group?.size === 0) this.#groups.delete(indexKey);
  }

  of(indexKey: string): readonly T[] {
    return [...(this.#groups.get(indexKey) ?? [])].toSorted();
  }
}
