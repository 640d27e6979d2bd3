import { endLeftoverPostgres, type Logger } from "@cocktail/embedded-postgres";
import { endLeftovers } from "../processes/leftovers.ts";
import { readRunFile, removeRunFile } from "../state/run-file.ts";
import type { StateDirectory } from "../state/state-directory.ts";

/** Ends everything that a killed run left running, and says what that was, one line each. */
export async function endEarlierRun(
  state: StateDirectory,
  log: Logger,
): Promise<readonly string[]> {
  const earlier = readRunFile(state.runFile);
  const lines = await endLeftovers(state.processes, earlier?.runId);
  const postgres = await endLeftoverPostgres({ directory: state.postgres, log });
  removeRunFile(state.runFile);
  return postgres ? [...lines, "ended the PostgreSQL of a run that was killed"] : lines;
}
