import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeAtomically } from "./atomic-file.ts";

/** A name of PostgreSQL has 63 bytes at most. */
const nameBytes = 40;

/**
 * Where this directory's state lies in a database that others use too. Chosen once: two people may well have a cocktail of
 * one name, a clone each, and must not share its state. `down --purge` tells the name, since it leaves the schema.
 */
export function ownSchema(path: string, cocktail: string): string {
  const known = readText(path);
  if (/^cocktail_[a-z0-9_]{1,54}$/.test(known)) return known;
  const name = cocktail.slice(0, nameBytes).replaceAll("-", "_");
  const schema = `cocktail_${name}_${randomBytes(4).toString("hex")}`;
  writeAtomically(path, `${schema}\n`);
  return schema;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
