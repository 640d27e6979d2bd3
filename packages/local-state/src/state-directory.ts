import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The paths inside `.cocktail/`, beside cocktail.yaml. Nothing of a cocktail lies anywhere else. */
export interface StateDirectory {
  readonly root: string;
  readonly postgres: string;
  readonly logs: string;
  /** What services print. */
  readonly serviceLogs: string;
  /** What `cocktail-local` prints when it runs in the background. */
  readonly ownLog: string;
  readonly worktrees: string;
  /** One record for each process group that runs. */
  readonly processes: string;
  readonly runFile: string;
  readonly lock: string;
  /** Which directory was prepared for which lockfile. */
  readonly prepared: string;
  /** The commit of each service's `ref`. */
  readonly references: string;
  /** Where the working copies of stable variants were at first. */
  readonly workingCopies: string;
  /** Names the schema of COCKTAIL_DATABASE_URL that is this directory's. */
  readonly schema: string;
}

/** The paths for the directory that holds the cocktail.yaml. Touches no disk. */
export function stateDirectory(cocktailDirectory: string): StateDirectory {
  const root = join(cocktailDirectory, ".cocktail");
  const logs = join(root, "logs");
  return {
    root,
    postgres: join(root, "pg"),
    logs,
    serviceLogs: join(logs, "services"),
    ownLog: join(logs, "cocktail.log"),
    worktrees: join(root, "worktrees"),
    processes: join(root, "processes"),
    runFile: join(root, "run.json"),
    lock: join(root, "lock"),
    prepared: join(root, "prepared.json"),
    references: join(root, "references.json"),
    workingCopies: join(root, "working-copies.json"),
    schema: join(root, "schema"),
  };
}

/** Creates the directory where it is missing, with its own .gitignore. Closed to other users, also if it was there and open. */
export function createStateDirectory(cocktailDirectory: string): StateDirectory {
  const state = stateDirectory(cocktailDirectory);
  for (const path of [state.root, state.logs, state.worktrees, state.processes]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if ((statSync(path).mode & 0o77) !== 0) chmodSync(path, 0o700);
  }
  writeFileSync(join(state.root, ".gitignore"), "*\n");
  return state;
}
