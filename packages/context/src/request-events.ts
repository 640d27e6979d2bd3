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
  emitter.emit = function emitInContext(event, ...args: unknown[]): boolean {
    // Without a closure: it would cost every event, also those that nobody hears.
    return isHeardByService(this, event) && storage.getStore() !== context
      ? storage.run(context, call, emit, this, event, args)
      : emit.call(this, event, ...args);
  };
}

type Emit = EventEmitter["emit"];

function call(emit: Emit, emitter: EventEmitter, event: string | symbol, args: unknown[]): boolean {
  return emit.call(emitter, event, ...args);
}

/** Node's own listener for the end of a request, once one was seen. */
let clearIncoming: ReturnType<EventEmitter["listeners"]>[number] | undefined;

/**
 * False where nobody listens but Node, as at the end of nearly every request without a body: to enter a context costs as
 * much as half of what the library does for a request.
 */
function isHeardByService(emitter: EventEmitter, event: string | symbol): boolean {
  const count = emitter.listenerCount(event);
  if (count !== 1 || event !== "end") return count > 0;
  if (clearIncoming === undefined) {
    const [only] = emitter.listeners(event);
    if (only?.name !== "clearIncoming") return true;
    clearIncoming = only;
  }
  return emitter.listenerCount(event, clearIncoming) === 0;
}
