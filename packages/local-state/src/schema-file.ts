import { randomBytes } from "node:crypto";
import { readIfPresent, writeAtomically } from "./atomic-file.ts";

/** A name of PostgreSQL has 63 bytes at most. */
const nameBytes = 40;

/**
 * Where this directory's state lies in a database that others use too. Chosen once: two people may well have a cocktail of
 * one name, a clone each, and must not share its state. `down --purge` names it, since it leaves the schema.
 */
export function ensureSchema(path: string, cocktail: string): string {
  const known = readSchema(path);
  if (known !== undefined) return known;
  const name = cocktail.slice(0, nameBytes).replaceAll("-", "_");
  const schema = `cocktail_${name}_${randomBytes(4).toString("hex")}`;
  writeAtomically(path, `${schema}\n`);
  return schema;
}

/** The schema that was chosen, undefined where none was. Throws where the file cannot be read. */
export function readSchema(path: string): string | undefined {
  const text = readIfPresent(path)?.trim() ?? "";
  return /^cocktail_[a-z0-9_]{1,54}$/.test(text) ? text : undefined;
}
