import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Component } from "../components.ts";

/** The directory of one component's pins (go.mod and go.sum, requirements.txt or packages.txt). */
export function pinsOf(component: Component): string {
  return join(import.meta.dirname, "../../components", directoryOf(component));
}

function directoryOf(component: Component): string {
  if (component.kind === "go") return component.module;
  return component.kind === "wheel" ? component.requirements : component.packages;
}

/** Where built components are kept: COCKTAIL_TESTBED_CACHE, else below the user's cache directory. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env["COCKTAIL_TESTBED_CACHE"] ??
    join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "cocktail", "testbed")
  );
}

/**
 * The cache entry of a component: a directory named by all that decides what is in it. The version of Go is no part of it: go.mod
 * names the least version, and a machine without Go can use what another one built.
 */
export function entryOf(component: Component, root: string = cacheRoot()): string {
  const { seconds: _, profile: __, ...built } = component;
  const hash = createHash("sha256");
  hash.update(JSON.stringify([built, process.platform, process.arch]));
  const pins = pinsOf(component);
  for (const file of readdirSync(pins).toSorted())
    hash.update(`\0${file}\0`).update(readFileSync(join(pins, file)));
  return join(root, `${component.name}-${hash.digest("hex").slice(0, 16)}`);
}

/** The program of an installed component; its other files lie beside it. */
export function programOf(component: Component, root?: string): string {
  return join(entryOf(component, root), component.name);
}

/** An entry appears by one rename when it is complete, so that its existence is the answer. */
export function isInstalled(component: Component, root?: string): boolean {
  return existsSync(programOf(component, root));
}
