import { openFilesFix } from "@cocktail/local-state";

/** Why an embedded Postgres can't run here. Branch on it, never on the text. */
export type PostgresErrorCode =
  | "UNSUPPORTED_PLATFORM" // no binaries for this system, or they don't run on it
  | "NO_ACCOUNT" //           neither this user nor a substitute may run Postgres here
  | "DIRECTORY_IN_USE" //     a living process owns the directory
  | "DIRECTORY_UNUSABLE" //   not writable, or made by another version of Postgres
  | "START_FAILED"; //        Postgres refused to start; its output is in the message

const brand = Symbol.for("cocktail.embedded-postgres.error");
type Options = ErrorOptions & { readonly fix: string };

/** The message says what and why, `fix` what to do about it. */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  readonly code: PostgresErrorCode;
  readonly fix: string;

  constructor(code: PostgresErrorCode, message: string, options: Options) {
    super(message, options);
    this.code = code;
    this.fix = options.fix;
    Object.defineProperty(this, brand, { value: true });
  }

  static is(value: unknown): value is PostgresError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/** The way out that always works. */
export const useOwnDatabase =
  "Set COCKTAIL_DATABASE_URL to a PostgreSQL of your own, such as postgresql://user:password@127.0.0.1:5432/cocktail.";

/** Something in the directory can't be made, read or written. */
export function unusableDirectory(directory: string, cause: unknown): PostgresError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const owner = `Free some disk space, or give the directory back to this user, for example: sudo chown -R "$(id -un)" '${directory}'.`;
  return new PostgresError("DIRECTORY_UNUSABLE", `Postgres can't use ${directory}: ${why}.`, {
    cause,
    fix: openFilesFix(cause) ?? owner,
  });
}
