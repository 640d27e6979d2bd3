import type { EventEmitter } from "node:events";
import type { ActiveContext } from "./context.ts";
import { shared } from "./shared-state.ts";

/**
 * Runs the emitter's listeners in a request's context. Node emits a request's `data` and `end`, and a response's `close`,
 * from the connection, which belongs to no request; a handler that collects the body by events would go on without its
 * route.
 */
export function bindEvents(emitter: EventEmitter, context: ActiveContext): void {
  const { storage } = shared;
  const { emit } = emitter;
  emitter.emit = function emitInContext(event: string | symbol, ...args: unknown[]): boolean {
    if (storage.getStore() === context || this.listenerCount(event) === 0) {
      return emit.call(this, event, ...args);
    }
    return storage.run(context, () => emit.call(this, event, ...args));
  };
}
