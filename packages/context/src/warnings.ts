import { type Logger, silent } from "./logger.ts";

/** The logger of a service that gave none: warnings of the process, on standard error unless it says otherwise. */
export const warnings: Logger = {
  ...silent,
  warn: (_fields, message) => process.emitWarning(message, "CocktailContextWarning"),
  error: (fields, message) => {
    const cause = "err" in fields ? `: ${String(fields.err)}` : "";
    process.emitWarning(`${message}${cause}`, "CocktailContextWarning");
  },
};
