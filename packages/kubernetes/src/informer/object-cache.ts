import { keyOf, type KubeObject, type ObjectRef } from "../object.ts";

/** The values under which an object is found; any text. */
export type Indexer = (object: KubeObject) => readonly string[];

export const namespaceIndex: Indexer = ({ metadata }) => [metadata.namespace ?? ""];

/** By the value of one label. */
export function labelIndex(label: string): Indexer {
  return ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [value];
  };
}

export type CacheChange =
  | { readonly kind: "added" | "deleted"; readonly object: KubeObject }
  | { readonly kind: "updated"; readonly object: KubeObject; readonly before: KubeObject };

/** Objects by name, and by what indexers say. An indexer that throws leaves the object out of its index. */
export class ObjectCache {
  readonly #objects = new Map<string, KubeObject>();
  /** What the indexers said when the object was stored: they need not say the same again. */
  readonly #values = new Map<string, readonly (readonly [string, readonly string[]])[]>();
  readonly #indexers: readonly (readonly [string, Indexer])[];
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #onError: (error: unknown, index: string) => void;

  constructor(
    indexers: Readonly<Record<string, Indexer>>,
    onError: (error: unknown, index: string) => void,
  ) {
    this.#indexers = Object.entries(indexers);
    for (const [name] of this.#indexers) this.#indexes.set(name, new Map());
    this.#onError = onError;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#objects.get(keyOf(ref));
  }

  all(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  /** Throws for an index that was not declared: a typing error must not look like an empty result. */
  by(index: string, value: string): readonly KubeObject[] {
    const entries = this.#indexes.get(index);
    if (entries === undefined)
      throw new TypeError(`no index ${index}; there are ${[...this.#indexes.keys()].join(", ")}`);
    return [...(entries.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** What changes by storing an object: an object of the same name with another uid is another object. */
  put(object: KubeObject): readonly CacheChange[] {
    const key = keyOf(object.metadata);
    const before = this.#objects.get(key);
    if (before === undefined) {
      this.#store(key, object);
      return [{ kind: "added", object }];
    }
    if (before.metadata.uid !== object.metadata.uid)
      return [...this.delete(object.metadata), ...this.put(object)];
    if (before.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    this.#unindex(key);
    this.#store(key, object);
    return [{ kind: "updated", object, before }];
  }

  /** `last` is the state in which the object was deleted, if that is known. */
  delete(ref: ObjectRef, last?: KubeObject): readonly CacheChange[] {
    const key = keyOf(ref);
    const before = this.#objects.get(key);
    if (before === undefined) return [];
    this.#unindex(key);
    this.#objects.delete(key);
    return [{ kind: "deleted", object: last ?? before }];
  }

  /** Makes the cache equal to a list. */
  replace(items: readonly KubeObject[]): readonly CacheChange[] {
    const listed = new Set(items.map(({ metadata }) => keyOf(metadata)));
    const gone = this.all().filter(({ metadata }) => !listed.has(keyOf(metadata)));
    return [
      ...gone.flatMap(({ metadata }) => this.delete(metadata)),
      ...items.flatMap((item) => this.put(item)),
    ];
  }

  #store(key: string, object: KubeObject): void {
    const indexed = this.#valuesOf(object);
    this.#objects.set(key, object);
    this.#values.set(key, indexed);
    for (const [name, values] of indexed) {
      const index = this.#indexes.get(name);
      for (const value of values) {
        const keys = index?.get(value) ?? new Set();
        keys.add(key);
        index?.set(value, keys);
      }
    }
  }

  #unindex(key: string): void {
    const indexed = this.#values.get(key) ?? [];
    this.#values.delete(key);
    for (const [name, values] of indexed) {
      const index = this.#indexes.get(name);
      for (const value of values) {
        const keys = index?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index?.delete(value);
      }
    }
  }

  #valuesOf(object: KubeObject): readonly (readonly [string, readonly string[]])[] {
    return this.#indexers.map(([name, indexer]) => {
      try {
        return [name, indexer(object)];
      } catch (error) {
        this.#onError(error, name);
        return [name, []];
      }
    });
  }
}
