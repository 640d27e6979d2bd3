import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

/** The files of one testbed. All of it goes with `down`. */
export interface Place {
  readonly name: string;
  readonly directory: string;
  /** Which process is the sandbox; 0600. */
  readonly runFile: string;
  /** How far the start has come, written by the inside. */
  readonly progressFile: string;
  readonly kubeconfig: string;
  readonly logs: string;
  readonly pki: string;
  readonly data: string;
}

/** Two clones have testbeds of their own without being told to; `--name` gives one clone several. */
export function defaultName(clone: string): string {
  return `t-${createHash("sha256").update(clone).digest("hex").slice(0, 8)}`;
}

export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  const state = env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  return join(state, "cocktail", "testbed");
}

export function placeOf(name: string, root: string = stateRoot()): Place {
  const directory = join(root, name);
  return {
    name,
    directory,
    runFile: join(directory, "run.json"),
    progressFile: join(directory, "progress.jsonl"),
    kubeconfig: join(directory, "kubeconfig"),
    logs: join(directory, "logs"),
    pki: join(directory, "pki"),
    data: join(directory, "data"),
  };
}
