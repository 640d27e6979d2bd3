import { endLeftoverPostgres, type Logger } from "@cocktail/embedded-postgres";
import { readRunFile, removeRunFile, type StateDirectory } from "@cocktail/local-state";
import { endLeftovers, LeftoversNotTerminated } from "../processes/leftovers.ts";
import { inState, StartFailure } from "./failure.ts";

/** Ends everything that a killed run left running. Returns one line for each. */
export async function endEarlierRun(
  state: StateDirectory,
  log: Logger,
): Promise<readonly string[]> {
  const earlier = inState(state.root, () => readRunFile(state.runFile));
  const lines = await endLeftovers(state.processes, earlier?.runId).catch(refuse);
  const postgres = await endLeftoverPostgres({ directory: state.postgres, log });
  removeRunFile(state.runFile);
  return postgres ? [...lines, "ended the PostgreSQL of a run that was killed"] : lines;
}

function refuse(error: unknown): never {
  if (!(error instanceof LeftoversNotTerminated)) throw error;
  throw new StartFailure(
    error.message,
    "end them as the user that owns them, then start again",
    1,
    error,
  );
}
