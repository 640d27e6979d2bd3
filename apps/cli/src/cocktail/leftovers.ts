import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../failure.ts";
import { localLauncher } from "./local-process.ts";

/**
 * Ends what a killed run left running, recognised by pid, start time and run id; one line each. `cocktail-local` knows
 * its processes, so it is the one that looks.
 */
export async function endLeftovers(file: string): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      localLauncher(),
      "--file",
      file,
      "--end-leftovers",
    ]);
    return stdout.split("\n").filter((text) => text !== "");
  } catch (error) {
    const said: unknown = error instanceof Error ? Reflect.get(error, "stderr") : undefined;
    throw new Failure(
      {
        code: "COCKTAIL_EXITED",
        message: `what a killed run left could not be ended: ${typeof said === "string" && said !== "" ? said.trim() : String(error)}`,
        fix: "cocktail doctor lists what is left",
      },
      { cause: error },
    );
  }
}
