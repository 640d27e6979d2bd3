import {
  type BackoffOptions,
  backoffMs,
  type Clock,
  pause,
  systemClock,
} from "@cocktail/work-queue";
import type { Api } from "../api/api.ts";
import { ApiError, retryAfterOf } from "../api/api-error.ts";
import type { Resource } from "../api/resource.ts";
import type { Logger } from "../log.ts";
import type { KubeObject, ObjectRef } from "../object.ts";
import { type Handler, Handlers } from "./handlers.ts";
import { listObjects } from "./list.ts";
import { type Indexer, namespaceIndex, ObjectCache } from "./object-cache.ts";
import type { Selection } from "./selection.ts";
import { type WatchEvent, watchObjects, WatchSilent } from "./watch.ts";

export interface InformerOptions extends Selection {
  readonly api: Api;
  readonly resource: Resource;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** Besides `namespace`. */
  readonly indexers?: Readonly<Record<string, Indexer>> | undefined;
  readonly limits?: Partial<InformerLimits> | undefined;
}

export interface InformerLimits {
  /** How often handlers see every object again, in milliseconds; 0 is never. */
  readonly resyncMs: number;
  /** The server ends a watch after so many seconds: the longest that a lost connection can go unnoticed, and some more. */
  readonly watchSeconds: number;
  /** Without an event or bookmark for so long everything is listed again. Above `watchSeconds`. */
  readonly silenceMs: number;
  readonly listTimeoutMs: number;
  readonly pageSize: number;
  readonly backoff: BackoffOptions;
}

const defaults: InformerLimits = {
  resyncMs: 10 * 60_000,
  watchSeconds: 45,
  silenceMs: 60_000,
  listTimeoutMs: 60_000,
  pageSize: 500,
  backoff: { firstMs: 100, longestMs: 15_000 },
};

/** A watch that lived so long was good: the next failure begins a new backoff. */
const goodMs = 5_000;
/** A watch that ends sooner is not followed by the next at once, even if it brought something. */
const shortMs = 1_000;
/** After so many failures in a row even an error that a watch survives lists again. */
const failuresUntilList = 5;

/** A read of the cache, which may be behind the API: `resourceVersion` says up to where it has seen. */
export interface CacheRead<T> {
  readonly value: T;
  readonly resourceVersion: string;
}

/** Keeps a copy of the selected objects of one kind, by list and watch, through every failure. */
export class Informer {
  readonly #options: InformerOptions;
  readonly #limits: InformerLimits;
  readonly #clock: Clock;
  readonly #cache: ObjectCache;
  readonly #handlers: Handlers;
  readonly #synced = Promise.withResolvers<void>();
  #resourceVersion = "";
  #hasSynced = false;
  #mustList = true;
  #aliveAt = Number.NEGATIVE_INFINITY;

  constructor(options: InformerOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    const { kind } = options.resource;
    this.#cache = new ObjectCache(
      { namespace: namespaceIndex, ...options.indexers },
      (err, index) =>
        options.log.error(
          { err, kind, index },
          "an indexer threw; the object is not in that index",
        ),
    );
    this.#handlers = new Handlers((err, object) =>
      options.log.error({ err, kind, object }, "a handler of an informer failed"),
    );
  }

  get resource(): Resource {
    return this.#options.resource;
  }

  /** True once the cache was complete for the first time, and every handler has seen all of it. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when `hasSynced`; rejects with the signal's reason. */
  async synced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const stop = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Milliseconds since the last answer of the API; Infinity before the first. */
  get silentForMs(): number {
    return this.#clock.now() - this.#aliveAt;
  }

  get(ref: ObjectRef): CacheRead<KubeObject | undefined> {
    return this.#read(this.#cache.get(ref));
  }

  list(): CacheRead<readonly KubeObject[]> {
    return this.#read(this.#cache.all());
  }

  by(index: string, value: string): CacheRead<readonly KubeObject[]> {
    return this.#read(this.#cache.by(index, value));
  }

  /** Told of every change; first of all that is there. Returns an unsubscribe function. */
  subscribe(handler: Handler): () => void {
    const unsubscribe = this.#handlers.add(handler);
    for (const object of this.#cache.all()) this.#handlers.tell({ kind: "added", object }, handler);
    return unsubscribe;
  }

  /** Runs until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stopResync = this.#resync();
    for (let failures = 0; !signal.aborted;) {
      const from = this.#clock.now();
      const { progressed, error } = await this.#round(signal);
      if (signal.aborted) break;
      const livedMs = this.#clock.now() - from;
      if (progressed && error === undefined && livedMs >= shortMs) continue;
      failures = progressed || livedMs >= goodMs ? 1 : failures + 1;
      this.#mustList ||= needsList(error) || failures >= failuresUntilList;
      const delayMs = Math.max(retryAfterOf(error), backoffMs(failures, this.#backoff()));
      this.#report(error, delayMs);
      await pause(this.#clock, delayMs, signal);
    }
    stopResync();
  }

  /** Lists if need be, and watches until that ends. `progressed`: something was seen. */
  async #round(
    signal: AbortSignal,
  ): Promise<{ readonly progressed: boolean; readonly error?: unknown }> {
    let progressed = false;
    try {
      if (this.#mustList) await this.#list(signal);
      const { api, resource } = this.#options;
      const { watchSeconds: seconds, silenceMs } = this.#limits;
      const resourceVersion = this.#resourceVersion;
      const where = { clock: this.#clock, resourceVersion, seconds, silenceMs, signal };
      for await (const event of watchObjects(api, resource, { ...this.#options, ...where })) {
        progressed = true;
        this.#apply(event);
      }
      return { progressed };
    } catch (error) {
      return { progressed, error };
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, resource, namespace, labelSelector, fieldSelector } = this.#options;
    const { pageSize, listTimeoutMs: timeoutMs } = this.#limits;
    const selection = { namespace, labelSelector, fieldSelector };
    const listed = await listObjects(api, resource, { ...selection, pageSize, timeoutMs, signal });
    signal.throwIfAborted();
    this.#sawUpTo(listed.resourceVersion);
    for (const change of this.#cache.replace(listed.items)) this.#handlers.tell(change);
    this.#mustList = false;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #apply(event: WatchEvent): void {
    if (event.type === "bookmark") {
      this.#sawUpTo(event.resourceVersion);
      return;
    }
    const { object } = event;
    this.#sawUpTo(object.metadata.resourceVersion ?? this.#resourceVersion);
    const changes =
      event.type === "put" ? this.#cache.put(object) : this.#cache.delete(object.metadata, object);
    for (const change of changes) this.#handlers.tell(change);
  }

  #sawUpTo(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#aliveAt = this.#clock.now();
  }

  #read<T>(value: T): CacheRead<T> {
    return { value, resourceVersion: this.#resourceVersion };
  }

  #resync(): () => void {
    const { resyncMs } = this.#limits;
    if (resyncMs === 0) return () => undefined;
    let cancel = (): void => undefined;
    const arm = (): void => {
      cancel = this.#clock.after(resyncMs, () => {
        for (const object of this.#cache.all())
          this.#handlers.tell({ kind: "updated", object, before: object });
        arm();
      });
    };
    arm();
    return () => cancel();
  }

  #backoff(): BackoffOptions {
    return { ...this.#limits.backoff, random: this.#options.random };
  }

  #report(error: unknown, retryInMs: number): void {
    const { log, resource } = this.#options;
    const fields = { err: error, kind: resource.kind, retryInMs, listsAgain: this.#mustList };
    if (error === undefined) log.debug(fields, "a watch ended early, retrying");
    else log.warn(fields, "list or watch failed, retrying");
  }
}

/** Whether a watch can't go on where the last one ended. */
function needsList(error: unknown): boolean {
  if (error instanceof WatchSilent) return true;
  if (!(error instanceof ApiError)) return false;
  const { status } = error;
  // 504: the API server doesn't know the version yet, as after a restored backup.
  return status === 504 || (status < 500 && status !== 429);
}
