import type { ObjectStore } from "./object-store.ts";
import type { RouteTableStore } from "./route-table-store.ts";

/** Everything a control plane remembers: the objects, and the route table beside them. */
export interface Store {
  readonly objects: ObjectStore;
  readonly tables: RouteTableStore;
  /** False from the first failure until the store has answered again. */
  readonly available: boolean;
  /** Called after `available` changed; returns an unsubscribe function. */
  onAvailability(listener: (available: boolean) => void): () => void;
  /** Ends watches and connections. Resolves when nothing of the store runs any more. */
  close(): Promise<void>;
}
