import {
  createStateDirectory,
  isAlive,
  lockHolder,
  type ProcessIdentity,
  readRunFile,
  type RunFile,
  stateDirectory,
} from "@cocktail/local-state";
import { Failure } from "../failure.ts";

/** The state that `.cocktail/` records of its cocktail. */
export interface LocalState {
  /** The run file of the last run. A clean stop removes it; a killed run leaves it behind. */
  readonly written: RunFile | undefined;
  /** The run that is serving. */
  readonly live: LiveRun | undefined;
  /** The live process that holds the lock, from the begin of its start to the end of its stop. */
  readonly holder: ProcessIdentity | undefined;
}

/** A run whose process is alive and listening. */
export interface LiveRun extends RunFile {
  readonly api: string;
  readonly edge: string;
}

/** Throws a `Failure` if the directory is unreadable: that does not mean that nothing is running. */
export async function readState(cocktailDirectory: string): Promise<LocalState> {
  const state = stateDirectory(cocktailDirectory);
  return await usingState(cocktailDirectory, () => {
    const written = readRunFile(state.runFile);
    const { api, edge } = written ?? {};
    const isServing = written !== undefined && api !== undefined && edge !== undefined;
    return {
      written,
      live: isServing && isAlive(written) ? { ...written, api, edge } : undefined,
      holder: lockHolder(state.lock),
    };
  });
}

/** Creates the directory; throws a `Failure` if it is unusable. Called before anything is started. */
export async function prepareState(cocktailDirectory: string): Promise<void> {
  await usingState(cocktailDirectory, () => createStateDirectory(cocktailDirectory));
}

/** Reports a system error in the state directory as a `Failure`, not as a bug: usually another user owns it. */
export async function usingState<T>(
  cocktailDirectory: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      {
        code: "STATE_UNUSABLE",
        message: `${stateDirectory(cocktailDirectory).root} cannot be used: ${why}`,
        fix: "make it a directory that you own; if another user such as root created it, run the command as that user",
      },
      { cause: error },
    );
  }
}
