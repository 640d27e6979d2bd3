import type { Logger } from "@cocktail/client";
import type { Policy } from "@cocktail/environment";
import type { HeaderNames } from "@cocktail/route";
import type { RouteTableStore } from "../store/route-table-store.ts";
import type { Clock } from "./clock.ts";
import type { Platform, Readers } from "./platform.ts";
import type { StateStore } from "./state-store.ts";

export interface LifecycleOptions {
  readonly store: StateStore & Pick<RouteTableStore, "head" | "append">;
  readonly platform: Platform;
  readonly readers: Readers;
  /** Virtual hosts are `<service>.<domain>`. */
  readonly domain: string;
  /** Base URL of the edge, once it listens: its scheme and port go into the URLs of views. */
  readonly edge?: (() => string | undefined) | undefined;
  readonly headerNames?: HeaderNames | undefined;
  /** Ticket projects that make a branch's key; none: any. */
  readonly ticketProjects?: readonly string[] | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly policy?: Partial<Policy> | undefined;
  readonly limits?: Partial<LifecycleLimits> | undefined;
  /** Names this run of the platform; default: random. */
  readonly run?: string | undefined;
}

export interface LifecycleLimits {
  /** Objects worked on at a time; most of the time they wait, for a process to end above all. */
  readonly concurrency: number;
  /** How long an incarnation may finish what is in flight, in milliseconds. */
  readonly drainBudgetMs: number;
  /** How long the first table of a run waits for variants that are still starting, in milliseconds. */
  readonly startupBatchMs: number;
  /** Pauses after failures, in milliseconds. */
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
}

export const defaultLifecycleLimits: LifecycleLimits = {
  concurrency: 64,
  drainBudgetMs: 10_000,
  startupBatchMs: 1_500,
  firstBackoffMs: 50,
  longestBackoffMs: 5_000,
};
