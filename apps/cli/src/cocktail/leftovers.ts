import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../failure.ts";
import { localLauncher } from "./local-process.ts";

/**
 * Terminates the processes that a killed run left behind, identified by pid, start time and run id; returns one line for
 * each. Only `cocktail-local` can identify its processes, so it does the work.
 */
export async function terminateLeftovers(file: string): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      localLauncher(),
      "--file",
      file,
      "--end-leftovers",
    ]);
    return stdout.split("\n").filter((text) => text !== "");
  } catch (error) {
    const stderr: unknown = error instanceof Error ? Reflect.get(error, "stderr") : undefined;
    throw new Failure(
      {
        code: "COCKTAIL_EXITED",
        message: `the processes that a killed run left behind could not be terminated: ${typeof stderr === "string" && stderr !== "" ? stderr.trim() : String(error)}`,
        fix: "find them with: cocktail doctor",
      },
      { cause: error },
    );
  }
}
