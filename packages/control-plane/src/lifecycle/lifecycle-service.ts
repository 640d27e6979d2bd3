import type { DesiredService } from "@cocktail/environment";
import type { RouteTable } from "@cocktail/route";
import type { Operations } from "../api/operations.ts";

/**
 * Desired state, and everything that is done to reach it. Changes answer as soon as they are stored; what they bring
 * about shows in the views. Changes reject with `StoreUnavailable` while the store is away and with `NotReady` before
 * `start` and after `stop`; views answer from what is known, always.
 */
export interface LifecycleService extends Operations {
  /** Reads what is stored, makes the services what their file wants, and begins to work toward all of it. */
  start(services: readonly DesiredService[]): Promise<StartReport>;
  /** Begins nothing new and waits for what it began. Workloads are left to their platform. */
  stop(): Promise<void>;
  /** The file's services as they are now; answers notes for people, one line each. */
  syncServices(services: readonly DesiredService[]): Promise<readonly string[]>;
  /** The head of the route table as this control plane last knew it. */
  table(): RouteTable;
  /** True once every variant is ready or has failed, and the table says so. */
  isSettled(): boolean;
  /** Called when something that a view shows may have changed; answers the way to stop. */
  onChange(listener: () => void): () => void;
}

export interface StartReport {
  /** What was taken over from an earlier run: `payment-service:mp-101`, `environment ops-101`. */
  readonly restored: readonly string[];
  /** What people should know of the file against what was stored, one line each. */
  readonly notes: readonly string[];
}

/** The control plane is starting or stopping: ask again. */
export class NotReady extends Error {
  override readonly name = "NotReady";
  readonly retryable = true;

  constructor(why: string) {
    super(`changes are not accepted: ${why}`);
  }
}
