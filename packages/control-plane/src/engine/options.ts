import type { Logger } from "@cocktail/client";
import type { EnvironmentObject, Objects, Policy, VariantObject } from "@cocktail/environment";
import type { Clock } from "@cocktail/work-queue";
import type { ObjectStore } from "../store/object-store.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
import type { EngineMetrics } from "./metrics.ts";
import type { Platform, Readers } from "./platform.ts";

export interface EngineOptions {
  readonly objects: ObjectStore;
  readonly tables: Pick<RouteTableStore, "head" | "append">;
  readonly platform: Platform;
  readonly readers: Readers;
  /** The public URL of an object, for its status. */
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
  /** Objects reconciled concurrently. High, because reconciling mostly waits, for example for a process to exit. */
  readonly concurrency: number;
  /** How long an incarnation may take to drain, in milliseconds. */
  readonly drainBudgetMs: number;
  /** How long the first table waits for starting variants, in milliseconds. */
  readonly startupBatchMs: number;
  /** Backoff after failures, in milliseconds. */
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
