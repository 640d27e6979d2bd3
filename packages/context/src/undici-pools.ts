import { AsyncResource } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { createRequire } from "node:module";
import type { ActiveContext } from "./context.ts";
import { callStack } from "./leak-guard.ts";
import { shared } from "./shared-state.ts";

/** Who handed a call to undici. */
export interface Maker {
  readonly context: ActiveContext | undefined;
  /** Where, for the leak guard; absent without one. */
  readonly stack?: string | undefined;
}

type Dispatch = (this: unknown, options: unknown, handler: object) => unknown;
interface UndiciClass {
  readonly prototype: object;
}

/** Of the calls that wait in a pool, by their handlers. */
const waiting = new WeakMap<object, Maker>();
const followed = new WeakSet();
/** The call that a client of a followed undici is about to make a request of. */
let sending: Maker | undefined;

/**
 * Keeps the calls apart that wait in undici's pools. A pool with `connections` takes a call from its queue when another
 * one ends, in that one's context, and only then makes the request that the diagnostics channels publish.
 *
 * Follows every undici that CommonJS has loaded or will load, which is each that isn't bundled into the service: ES modules
 * load it so too. Returns the function that stops looking for more.
 */
export function followPools(): () => void {
  // The path only says where names would be looked up, and none is.
  for (const loaded of Object.values(createRequire(process.execPath).cache))
    followExports(loaded?.exports);
  const required = channel("tracing:module.require:end");
  const onRequired = (message: unknown): void => {
    if (typeof message === "object" && message !== null && "result" in message)
      followExports(message.result);
  };
  required.subscribe(onRequired);
  return () => {
    required.unsubscribe(onRequired);
  };
}

/**
 * Who made the call of a request that is just being created. Its context is the one to use, not the one that happens to be
 * active.
 */
export function makerOf(request: object): Maker {
  const maker = sending;
  // The next request belongs to somebody else, even where it is made before this one is sent.
  sending = undefined;
  if (maker !== undefined) return maker;
  const { storage } = shared;
  // Of an undici that isn't followed. `request`, `stream`, `pipeline`, `connect` and `upgrade` make their handler in the
  // context of the call, and it keeps that.
  const handler = handlerOf(request);
  if (handler === undefined) return { context: storage.getStore() };
  return { context: handler.runInAsyncScope(() => storage.getStore()) };
}

/** By the class of a request, the symbol of its handler; null where it has none. */
const handlerSymbols = new WeakMap<object, symbol | null>();

function handlerOf(request: object): AsyncResource | undefined {
  const prototype = prototypeOf(request);
  if (prototype === null) return undefined;
  let symbol = handlerSymbols.get(prototype);
  if (symbol === undefined) {
    const own = Object.getOwnPropertySymbols(request);
    symbol = own.find(({ description }) => description === "handler") ?? null;
    handlerSymbols.set(prototype, symbol);
  }
  const handler: unknown = symbol === null ? undefined : Reflect.get(request, symbol);
  return handler instanceof AsyncResource ? handler : undefined;
}

/** Module exports are anything at all, also what throws at a touch. */
function followExports(exports: unknown): void {
  try {
    if (typeof exports !== "object" || exports === null || !Object.hasOwn(exports, "Dispatcher"))
      return;
    if ("Pool" in exports && isClass(exports.Pool)) follow(exports.Pool, waitsAs);
    if ("Client" in exports && isClass(exports.Client)) follow(exports.Client, sendsAs);
  } catch (error) {
    shared.log.debug({ err: error }, "could not look at a module");
  }
}

/** Undici's inner `dispatch` is named by a symbol; the class that has it is the one that all the others extend. */
function follow({ prototype }: UndiciClass, wrap: (dispatch: Dispatch) => Dispatch): void {
  for (let one: object | null = prototype; one !== null; one = prototypeOf(one)) {
    for (const symbol of Object.getOwnPropertySymbols(one)) {
      // Others are getters, which a prototype can't answer.
      if (symbol.description !== "dispatch") continue;
      const dispatch: unknown = Reflect.get(one, symbol);
      if (!isDispatch(dispatch) || followed.has(dispatch)) continue;
      const wrapped = wrap(dispatch);
      followed.add(wrapped);
      Reflect.set(one, symbol, wrapped);
    }
  }
}

/** Of a pool: remembers who called, the first time. A pool may hold pools. */
function waitsAs(dispatch: Dispatch): Dispatch {
  return function wait(this: unknown, options, handler): unknown {
    if (!waiting.has(handler)) {
      const stack = shared.guard === undefined ? undefined : callStack();
      waiting.set(handler, { context: shared.storage.getStore(), stack });
    }
    return dispatch.call(this, options, handler);
  };
}

/** Of a client: makes the request as whoever called. A retry with the same handler is a call of its own. */
function sendsAs(dispatch: Dispatch): Dispatch {
  return function send(this: unknown, options, handler): unknown {
    const { storage } = shared;
    const context = storage.getStore();
    const maker = waiting.get(handler) ?? { context };
    waiting.delete(handler);
    const outer = sending;
    sending = maker;
    try {
      if (maker.context === context) return dispatch.call(this, options, handler);
      return storage.run(maker.context, () => dispatch.call(this, options, handler));
    } finally {
      sending = outer;
    }
  };
}

function prototypeOf(one: object): object | null {
  const prototype: unknown = Object.getPrototypeOf(one);
  return typeof prototype === "object" ? prototype : null;
}

function isClass(value: unknown): value is UndiciClass {
  return typeof value === "function" && typeof value.prototype === "object";
}

function isDispatch(value: unknown): value is Dispatch {
  return typeof value === "function";
}
