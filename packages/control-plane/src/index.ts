export type * from "./lifecycle/lifecycle-service.ts";
export type * from "./lifecycle/platform.ts";
export { InvalidTable, StoreCorrupt, StoreUnavailable } from "./store/errors.ts";
export type { Connection, PostgresStoreOptions } from "./store/postgres/postgres-options.ts";
export { openPostgresStore } from "./store/postgres/postgres-store.ts";
export type { AppendOutcome, RouteTableStore } from "./store/route-table-store.ts";
export type { Store } from "./store/store.ts";
export { type Api, type ApiOptions, createApi, type ListenOptions } from "./api/api.ts";
export type { About } from "./api/context.ts";
export { storeTableSource } from "./table-source.ts";
export {
  createLifecycleService,
  type LifecycleOptions,
} from "./reconcile/create-lifecycle-service.ts";
