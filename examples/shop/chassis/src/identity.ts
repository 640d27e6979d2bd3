import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Who is answering: the shop shows it on every panel. */
export interface Identity {
  readonly service: string;
  /** The variant's key; `alone` where no cocktail started the process. */
  readonly variant: string;
  /** The text of the file VERSION in the service's own directory, so that another branch is visibly another version. */
  readonly version: string;
}

/** The identity of the service that lives in `directory`. */
export function identify(directory: string): Identity {
  return {
    service: process.env["COCKTAIL_SERVICE"] ?? basename(directory),
    variant: process.env["COCKTAIL_VARIANT"] ?? "alone",
    version: readFileSync(join(directory, "VERSION"), "utf8").trim(),
  };
}
