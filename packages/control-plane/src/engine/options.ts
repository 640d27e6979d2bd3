import type { Logger } from "@cocktail/client";
import type { EnvironmentObject, Objects, Policy, VariantObject } from "@cocktail/environment";
import type { ObjectStore } from "../store/object-store.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
import type { Clock } from "./clock.ts";
import type { EngineMetrics } from "./metrics.ts";
import type { Platform, Readers } from "./platform.ts";

export interface EngineOptions {
  readonly objects: ObjectStore;
  readonly tables: Pick<RouteTableStore, "head" | "append">;
  readonly platform: Platform;
  readonly readers: Readers;
  /** Where an object is reached from outside, for its status. */
  readonly urlOf?:
    | ((object: VariantObject | EnvironmentObject, objects: Objects) => string | undefined)
    | undefined;
  readonly metrics?: EngineMetrics | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly policy?: Partial<Policy> | undefined;
  readonly limits?: Partial<EngineLimits> | undefined;
}

export interface EngineLimits {
  /** Objects worked on at a time; most of the time they wait, for a process to end above all. */
  readonly concurrency: number;
  /** How long an incarnation may finish what is in flight, in milliseconds. */
  readonly drainBudgetMs: number;
  /** How long the first table waits for variants that are still starting, in milliseconds. */
  readonly startupBatchMs: number;
  /** Pauses after failures, in milliseconds. */
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
}

export const defaultEngineLimits: EngineLimits = {
  concurrency: 64,
  drainBudgetMs: 10_000,
  startupBatchMs: 1_500,
  firstBackoffMs: 50,
  longestBackoffMs: 5_000,
};
