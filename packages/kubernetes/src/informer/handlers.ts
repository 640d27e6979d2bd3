import { keyOf, type KubeObject } from "../object.ts";
import type { CacheChange } from "./object-cache.ts";

/** May be asynchronous; nobody waits for it. A failure is reported and stops neither the informer nor other handlers. */
export interface Handler {
  added?(object: KubeObject): void | Promise<void>;
  /** Also called by a resync, with twice the same object. */
  updated?(object: KubeObject, before: KubeObject): void | Promise<void>;
  deleted?(object: KubeObject): void | Promise<void>;
}

/** The handlers of an informer. */
export class Handlers {
  readonly #handlers = new Set<Handler>();
  readonly #onError: (error: unknown, object: string) => void;

  constructor(onError: (error: unknown, object: string) => void) {
    this.#onError = onError;
  }

  add(handler: Handler): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  tell(change: CacheChange, ...only: readonly Handler[]): void {
    const handlers = only.length > 0 ? only : [...this.#handlers];
    for (const handler of handlers) void this.#call(handler, change);
  }

  /** Async, so that what a handler throws and what it rejects with end in one place; starts at once. */
  async #call(handler: Handler, change: CacheChange): Promise<void> {
    const { object } = change;
    try {
      switch (change.kind) {
        case "added":
          await handler.added?.(object);
          break;
        case "updated":
          await handler.updated?.(object, change.before);
          break;
        case "deleted":
          await handler.deleted?.(object);
      }
    } catch (error) {
      this.#onError(error, keyOf(object.metadata));
    }
  }
}
