import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@cocktail/client";
import { type AnyObject, type Kind, type ObjectOf, ObjectIndex } from "@cocktail/environment";
import { backoffMs } from "@cocktail/work-queue";
import { ControlPlaneError } from "../errors.ts";
import type { AnyEvent } from "../store/object-feed.ts";
import type { ObjectStore } from "../store/object-store.ts";

export interface CacheEvent {
  readonly change: "put" | "removed";
  readonly object: AnyObject;
  /** The previously cached object. */
  readonly before: AnyObject | undefined;
}

export interface ObjectCacheOptions {
  readonly objects: ObjectStore;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly changed: (event: CacheEvent) => void;
}

/** The cached version. Until the watch has delivered it (`isConfirmed`), events may still be older. */
interface Held {
  readonly uid: string;
  readonly version: string;
  readonly isConfirmed: boolean;
}

const cached = ["Service", "ServiceVariant", "Environment"] as const satisfies readonly Kind[];
const retry = { firstMs: 50, longestMs: 1_000 };

/**
 * The objects in memory: listed once, then updated by a watch whose events may be late, duplicated or coalesced. Objects
 * that this process wrote or read are cached at once, and older events never replace them.
 */
export class ObjectCache {
  readonly index: ObjectIndex = new ObjectIndex();
  readonly #options: ObjectCacheOptions;
  readonly #held = new Map<string, Held>();
  /** Counts the changes of a name, to detect that a read was overtaken by another change. */
  readonly #touched = new Map<string, number>();
  /** Uids of removed objects whose removal the watch has not delivered yet. */
  readonly #gone = new Set<string>();
  readonly #rechecking = new Set<string>();

  constructor(options: ObjectCacheOptions) {
    this.#options = options;
  }

  /** Lists all objects, then watches. Rejects if the store can't be read. */
  async start(): Promise<void> {
    for (const kind of cached) {
      const { items, from } = await this.#options.objects.list(kind);
      for (const object of items) this.#accept(object);
      void this.#follow(kind, from);
    }
  }

  /** Reads the object from the store. */
  async fresh<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined> {
    const key = `${kind} ${name}`;
    for (;;) {
      const before = this.#touched.get(key);
      const object = await this.#options.objects.get(kind, name);
      // It was written or read meanwhile, and it is unknown which is newer.
      if (this.#touched.get(key) !== before) continue;
      if (object === undefined) this.#vanished(kind, name);
      else this.put(object);
      return object;
    }
  }

  /** Caches an object that this process wrote or read. */
  put(object: AnyObject): void {
    const key = keyOf(object);
    if (this.#held.get(key)?.version === object.version) return;
    this.#hold(key, object, false);
  }

  /** Removes an object that this process released. */
  removed(object: AnyObject): void {
    this.#gone.add(object.uid);
    this.#drop(object);
  }

  async #follow(kind: (typeof cached)[number], start: string): Promise<void> {
    const { objects, log, signal } = this.#options;
    let from: string | undefined = start;
    for (let failures = 0; !signal.aborted;) {
      try {
        from ??= await this.#list(kind);
        for await (const event of objects.watch(kind, from, signal)) {
          failures = 0;
          this.#apply(event);
        }
        // The watch ends without an error when the store is closed.
        return;
      } catch (error) {
        if (signal.aborted) return;
        from = undefined;
        if (!ControlPlaneError.is(error, "WATCH_EXPIRED")) {
          log.warn({ kind, err: error, reason: "WatchFailed" }, "watch failed, listing again");
        }
        await delay(backoffMs(++failures, retry), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #list(kind: (typeof cached)[number]): Promise<string> {
    const { items, from } = await this.#options.objects.list(kind);
    const listed = new Set(items.map(({ name }) => name));
    for (const object of items) {
      // The list may be older than the cache.
      if (this.#held.has(keyOf(object))) void this.#recheck(kind, object.name);
      else this.#apply({ change: "put", object });
    }
    // Unlisted objects were removed during the outage, or created after the list.
    for (const { kind: other, name } of this.index.all()) {
      if (other === kind && !listed.has(name)) void this.#recheck(kind, name);
    }
    return from;
  }

  #apply({
    change,
    object,
  }: {
    readonly change: AnyEvent["change"];
    readonly object: AnyObject;
  }): void {
    if (change === "removed") {
      if (this.#gone.delete(object.uid)) return;
      if (this.#held.get(keyOf(object))?.uid === object.uid) this.#drop(object);
      return;
    }
    if (this.#gone.has(object.uid)) return;
    const held = this.#held.get(keyOf(object));
    if (held === undefined || held.isConfirmed) this.#accept(object);
    else if (held.uid === object.uid && held.version === object.version) {
      this.#held.set(keyOf(object), { ...held, isConfirmed: true });
    } else void this.#recheck(object.kind, object.name);
  }

  #accept(object: AnyObject): void {
    const key = keyOf(object);
    if (this.#held.get(key)?.version === object.version) return;
    this.#hold(key, object, true);
  }

  #hold(key: string, object: AnyObject, isConfirmed: boolean): void {
    const before = this.index.get(object.kind, object.name);
    this.#touch(key);
    this.#held.set(key, { uid: object.uid, version: object.version, isConfirmed });
    this.index.put(object);
    this.#options.changed({ change: "put", object, before });
  }

  #drop(object: AnyObject): void {
    const key = keyOf(object);
    const before = this.index.get(object.kind, object.name);
    this.#touch(key);
    if (this.#held.get(key)?.uid !== object.uid) return;
    this.#held.delete(key);
    this.index.remove(object.kind, object.name);
    this.#options.changed({ change: "removed", object, before });
  }

  /** The store no longer has the object. */
  #vanished(kind: Kind, name: string): void {
    const known = this.index.get(kind, name);
    if (known !== undefined) this.removed(known);
  }

  #touch(key: string): void {
    this.#touched.set(key, (this.#touched.get(key) ?? 0) + 1);
  }

  /** Reads an object whose event and cached version differ; one read at a time, retried until it succeeds. */
  async #recheck(kind: Kind, name: string): Promise<void> {
    const { signal } = this.#options;
    const key = `${kind} ${name}`;
    if (this.#rechecking.has(key)) return;
    this.#rechecking.add(key);
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.fresh(kind, name);
        break;
      } catch {
        await delay(backoffMs(++failures, retry), undefined, { signal }).catch(() => undefined);
      }
    }
    this.#rechecking.delete(key);
  }
}

function keyOf({ kind, name }: AnyObject): string {
  return `${kind} ${name}`;
}
