import type { StateChange, StoredState } from "@cocktail/environment";

/** Desired state and incarnations, in one store with the route table. One control plane writes it at a time. */
export interface StateStore {
  /** Everything, read in one transaction. */
  load(): Promise<StoredState>;
  /**
   * All or nothing, in the order given. Rejects with `StoreUnavailable` when the store is away: the caller then does not
   * know whether it was written, and loads again.
   */
  write(changes: readonly StateChange[]): Promise<void>;
}
