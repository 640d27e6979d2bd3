import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, shell } from "./shell.ts";

export const chart = join(root, "charts/cocktail");

export interface Helm extends AsyncDisposable {
  /** Runs helm with these words, a line of a shell; gives what it prints, and rejects with what it says. */
  (line: string): Promise<string>;
}

/** Helm, with directories of its own instead of the user's. */
export async function openHelm(): Promise<Helm> {
  const directory = await mkdtemp(join(tmpdir(), "helm-"));
  const env = {
    HELM_CACHE_HOME: join(directory, "cache"),
    HELM_CONFIG_HOME: join(directory, "config"),
    HELM_DATA_HOME: join(directory, "data"),
  };
  return Object.assign((line: string) => shell(`helm ${line}`, { env }), {
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  });
}
