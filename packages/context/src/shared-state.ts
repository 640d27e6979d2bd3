import { AsyncLocalStorage } from "node:async_hooks";
import { defaultHeaderNames, type HeaderNames, unrouted } from "@cocktail/route";
import { ActiveContext } from "./context.ts";
import type { LeakGuard } from "./leak-guard.ts";
import { type HostRules, noHosts } from "./hosts.ts";
import { silent, type Logger } from "./logger.ts";

/**
 * What all copies of this package in a process share: the one AsyncLocalStorage and what was installed. Two copies are
 * ordinary (a preloaded one and the service's own), and must not carry two routes or inject twice.
 */
export interface SharedState {
  readonly storage: AsyncLocalStorage<ActiveContext | undefined>;
  /** The context of work that carries nothing and belongs to no request. */
  readonly unrouted: ActiveContext;
  names: HeaderNames;
  hosts: HostRules;
  log: Logger;
  guard: LeakGuard | undefined;
  /** True once the guard is configured; a later call of an adapter does not configure it again. */
  guardDecided: boolean;
  /**
   * True once something needs to tell requests apart even where they are unrouted: the leak guard, and `perContext`.
   * Until then an unrouted request has no context at all, and costs nothing.
   */
  contextForAll: boolean;
  /** Ends the outgoing instrumentation; undefined while there is none. */
  stop: (() => void) | undefined;
}

const slot: unique symbol = Symbol.for("@cocktail/context/1");

/** The global object, with what another copy may have put there. */
const everywhere: object & { [slot]?: SharedState } = globalThis;

export const shared: SharedState = (everywhere[slot] ??= {
  storage: new AsyncLocalStorage({ name: "cocktail" }),
  unrouted: new ActiveContext(unrouted),
  names: defaultHeaderNames,
  hosts: noHosts,
  log: silent,
  guard: undefined,
  guardDecided: false,
  contextForAll: false,
  stop: undefined,
});
