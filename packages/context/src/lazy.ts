import { types } from "node:util";
import type { ActiveContext } from "./context.ts";
import { shared } from "./shared-state.ts";

/** What `await` calls. */
type Then = (this: unknown, ...callbacks: unknown[]) => unknown;
interface Thenable {
  then: Then;
}

/**
 * Lets a result that can be awaited, but is no promise, begin in a context: the requests of `superagent` and the queries of
 * `knex` are made when they are awaited, which is after `run` has returned. What waits for it goes on in its own context.
 */
export function startIn<T>(context: ActiveContext | undefined, result: T): T {
  if (!isLazy(result) || !Object.isExtensible(result)) return result;
  const { then } = result;
  const { storage } = shared;
  const inContext: Then = function thenInContext(...callbacks) {
    const waiting = storage.getStore();
    const back = (callback: unknown): unknown =>
      typeof callback === "function"
        ? (...values: unknown[]): unknown =>
            storage.run<unknown, []>(waiting, () => Reflect.apply(callback, undefined, values))
        : callback;
    return storage.run(context, () => then.apply(this, callbacks.map(back)));
  };
  // oxlint-disable-next-line unicorn/no-thenable -- it is one already
  Object.defineProperty(result, "then", { value: inContext, configurable: true, writable: true });
  return result;
}

function isLazy(result: unknown): result is Thenable {
  return (
    typeof result === "object" &&
    result !== null &&
    !types.isPromise(result) &&
    "then" in result &&
    typeof result.then === "function"
  );
}
