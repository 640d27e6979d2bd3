import { DatabaseError } from "pg";
import { type ControlPlaneError, isStoreUnavailable, storeUnavailable } from "../../errors.ts";

/** Classes of SQLSTATE that say "not now": https://www.postgresql.org/docs/current/errcodes-appendix.html */
const passing = [
  "08", //    connection exception
  "53", //    insufficient resources: connections, memory, disk
  "57P", //   operator intervention: shutdown, crash, "the database system is starting up"
  "57014", // statement timeout
  "55P03", // lock not available in time
  "25P0", //  idle in transaction for too long, or the aftermath of such an end
  "58", //    system error outside of Postgres, such as I/O
  "40", //    rolled back for the sake of others, more often than was tried
];

/**
 * What a call of `pg` threw, as what users of the store have to know: STORE_UNAVAILABLE for an outage, else the error
 * itself. Only for errors that came from `pg`: whatever isn't an answer of the server is a broken connection.
 */
export function asUnavailable(error: unknown): Error {
  if (!(error instanceof DatabaseError)) return asOutage(error);
  const code = error.code ?? "";
  if (!passing.some((prefix) => code.startsWith(prefix))) return error;
  return storeUnavailable(`${error.message} (${code})`, { cause: error });
}

/** Where no connection is to be had the store is away, whatever the server says of it: a password that was changed, a database that was dropped. */
export function asOutage(error: unknown): ControlPlaneError {
  return storeUnavailable(describe(error), { cause: error });
}

/** Deadlock or serialisation failure: nothing of the transaction was done. */
export function isRepeatable(error: unknown): boolean {
  const cause = isStoreUnavailable(error) ? error.cause : error;
  return cause instanceof DatabaseError && (cause.code === "40001" || cause.code === "40P01");
}

/** A connection refused at several addresses comes as an AggregateError without a message. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(String).join(", ");
  return error instanceof Error ? error.message : String(error);
}
