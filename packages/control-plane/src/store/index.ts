// What a store of another platform is made of, besides the ports.
export {
  ControlPlaneError,
  isStoreUnavailable,
  storeCorrupt,
  storeUnavailable,
} from "../errors.ts";
export { followingTable } from "./next-table.ts";
export { readObject } from "./object-documents.ts";
export type * from "./object-store.ts";
export { oneAtATime } from "./postgres/one-at-a-time.ts";
export type { AppendOutcome, RouteTableStore } from "./route-table-store.ts";
export { diffTables } from "./table-change.ts";
export { TableHub } from "./table-hub.ts";
