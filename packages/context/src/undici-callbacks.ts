import type { ActiveContext } from "./context.ts";
import { shared } from "./shared-state.ts";

/** What undici calls on a request of its own as the answer arrives: up to undici 7, and from 8 on. */
const callbacks = [
  "onHeaders",
  "onData",
  "onComplete",
  "onError",
  "onUpgrade",
  "onResponseStart",
  "onResponseData",
  "onResponseEnd",
  "onResponseError",
  "onRequestUpgrade",
] as const;

/** Whose call a request is. Absent where the library didn't see it being made. */
const callerContext: unique symbol = Symbol("callerContext");

type Callback = (...args: unknown[]) => unknown;
/** A request of undici; its class has the callbacks of its version. */
export type AnsweredRequest = { [name in (typeof callbacks)[number]]?: Callback } & {
  [callerContext]?: ActiveContext | undefined;
};

const followed = new WeakSet();

/**
 * Delivers the response in the context of the caller, also if the caller has none. Undici would deliver it
 * in the context of the socket, which belongs to the request that happened to open the connection; and what follows from
 * an answer, such as the next call of its `redirect` and `retry` interceptors, would be sent with that one's route.
 */
export function answerInContext(
  request: AnsweredRequest,
  context: ActiveContext | undefined,
): void {
  const prototype: unknown = Object.getPrototypeOf(request);
  if (isObject(prototype) && !followed.has(prototype)) follow(prototype);
  request[callerContext] = context;
}

/** An object has properties, and so perhaps the callbacks. */
function isObject(value: unknown): value is AnsweredRequest {
  return typeof value === "object" && value !== null;
}

/** Of the class, once: callbacks of its own for each request would cost four times as much. */
function follow(prototype: AnsweredRequest): void {
  followed.add(prototype);
  for (const name of callbacks) {
    const callback = Object.hasOwn(prototype, name) ? prototype[name] : undefined;
    if (typeof callback === "function") prototype[name] = inContextOfMaker(callback);
  }
}

function inContextOfMaker(callback: Callback): Callback {
  const { storage } = shared;
  return function answer(this: AnsweredRequest, ...args): unknown {
    const context = this[callerContext];
    if (storage.getStore() === context || !(callerContext in this))
      return callback.apply(this, args);
    return storage.run(context, () => callback.apply(this, args));
  };
}
