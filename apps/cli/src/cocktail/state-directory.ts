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

/** What `.cocktail/` says of the cocktail beside it. */
export interface LocalState {
  /** What the last run wrote, also where it was killed. An orderly stop removes it. */
  readonly written: RunFile | undefined;
  /** The run that serves. */
  readonly live: LiveRun | undefined;
  /** The living process that holds the lock: a run from the beginning of its start to the end of its stop. */
  readonly holder: ProcessIdentity | undefined;
}

/** A run whose process is alive and listens. */
export interface LiveRun extends RunFile {
  readonly api: string;
  readonly edge: string;
}

/** Throws a `Failure` where it may not be read: that is no sign that nothing runs. */
export async function readState(cocktailDirectory: string): Promise<LocalState> {
  const state = stateDirectory(cocktailDirectory);
  return await usingState(cocktailDirectory, () => {
    const written = readRunFile(state.runFile);
    const { api, edge } = written ?? {};
    const serves = written !== undefined && api !== undefined && edge !== undefined;
    return {
      written,
      live: serves && isAlive(written) ? { ...written, api, edge } : undefined,
      holder: lockHolder(state.lock),
    };
  });
}

/** Creates it; throws a `Failure` where it can't be used, before anything is started. */
export async function prepareState(cocktailDirectory: string): Promise<void> {
  await usingState(cocktailDirectory, () => createStateDirectory(cocktailDirectory));
}

/** What the system refuses there is not a defect of ours: most often another user made it. */
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
        message: `${stateDirectory(cocktailDirectory).root} can't be used: ${why}`,
        fix: "it must be a directory of yours, or one that you may make; if another user made it, such as root, work as that one",
      },
      { cause: error },
    );
  }
}
