import type { StateStore } from "../lifecycle/state-store.ts";
import type { RouteTableStore } from "./route-table-store.ts";

/** Everything a control plane remembers: the route table, and the desired state and incarnations beside it. */
export interface Store extends RouteTableStore, StateStore {
  /** False from the first failure until the store has answered again. */
  readonly available: boolean;
  /** Called after `available` changed; answers the way to stop. */
  onAvailability(listener: (available: boolean) => void): () => void;
  /** Ends watches and connections. Resolves when nothing of the store runs any more. */
  close(): Promise<void>;
}
