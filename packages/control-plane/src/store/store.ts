import type { ObjectStore } from "./object-store.ts";
import type { RouteTableStore } from "./route-table-store.ts";

/** All persistent state of a control plane: the objects and the route table. */
export interface Store {
  readonly objects: ObjectStore;
  readonly tables: RouteTableStore;
  /** False from a failure until the store answers again. */
  readonly available: boolean;
  /** Called after `available` changed; returns an unsubscribe function. */
  onAvailability(listener: (available: boolean) => void): () => void;
  /** Ends watches and connections. Resolves when all of them are closed. */
  close(): Promise<void>;
}
