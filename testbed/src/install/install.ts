import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import type { Component } from "../components.ts";
import { buildGo } from "./build-go.ts";
import { cacheRoot, entryOf, isInstalled } from "./cache.ts";
import { fetchDebian } from "./fetch-debian.ts";
import { fetchWheel } from "./fetch-wheel.ts";
import type { RunTool } from "./tool.ts";

export interface InstallProgress {
  /** A component that is there already is told with `done` alone. */
  starting(component: Component, position: string, secondsLeft: number): void;
  done(component: Component, seconds: number | "already installed"): void;
}

/**
 * Installs the components one after another: parallel builds only contend for the same cores. Safe to interrupt at any instant and to
 * run twice at once: an entry is built beside its place and appears by a rename.
 */
export async function install(
  wanted: readonly Component[],
  run: RunTool,
  progress: InstallProgress,
  root: string = cacheRoot(),
): Promise<void> {
  const missing = wanted.filter((component) => !isInstalled(component, root));
  for (const component of wanted)
    if (!missing.includes(component)) progress.done(component, "already installed");
  for (const [index, component] of missing.entries()) {
    const secondsLeft = missing.slice(index).reduce((sum, one) => sum + one.seconds, 0);
    progress.starting(component, `${index + 1} of ${missing.length}`, secondsLeft);
    const started = performance.now();
    await installOne(component, run, root);
    progress.done(component, Math.round((performance.now() - started) / 1000));
  }
}

async function installOne(component: Component, run: RunTool, root: string): Promise<void> {
  const entry = entryOf(component, root);
  await mkdir(root, { recursive: true });
  const building = await mkdtemp(`${entry}.building-`);
  try {
    if (component.kind === "go") await buildGo(component, building, run);
    else if (component.kind === "wheel") await fetchWheel(component, building, run);
    else await fetchDebian(component, building, run);
    await rename(building, entry).catch((error: unknown) => {
      if (!isInstalled(component, root)) throw error; // another run was faster
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
