import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The places inside `.cocktail/`, beside cocktail.yaml. Nothing of a cocktail lies anywhere else. */
export interface StateDirectory {
  readonly root: string;
  readonly postgres: string;
  readonly logs: string;
  readonly worktrees: string;
  /** One record for each process group that runs. */
  readonly processes: string;
  readonly runFile: string;
  readonly lock: string;
  readonly prepared: string;
  /** Which schema of DATABASE_URL is this directory's. */
  readonly schema: string;
}

/** `.cocktail/`, beside the file. */
export function stateRoot(configFile: string): string {
  return join(dirname(configFile), ".cocktail");
}

/** Makes the directory, closed to others, with its own .gitignore. */
export function prepareStateDirectory(root: string): StateDirectory {
  const places: StateDirectory = {
    root,
    postgres: join(root, "pg"),
    logs: join(root, "logs"),
    worktrees: join(root, "worktrees"),
    processes: join(root, "processes"),
    runFile: join(root, "run.json"),
    lock: join(root, "lock"),
    prepared: join(root, "prepared.json"),
    schema: join(root, "schema"),
  };
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const place of [places.logs, places.worktrees, places.processes]) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
  }
  writeFileSync(join(root, ".gitignore"), "*\n");
  return places;
}
