export type { Address, Connection } from "./address.ts";
export { PostgresError, type PostgresErrorCode } from "./errors.ts";
export { supervisePostgres, type SupervisedPostgres } from "./supervise.ts";
export type { Logger } from "./log.ts";
export {
  endLeftoverPostgres,
  type Postgres,
  type PostgresOptions,
  startPostgres,
} from "./postgres.ts";
export type { PostgresExit } from "./server.ts";
