import { dirname } from "node:path";
import type { CocktailClient } from "@cocktail/client";
import { Failure } from "../failure.ts";
import { fileName, filesUpward, givenFile } from "./locate.ts";
import { isAlive } from "@cocktail/local-state";
import { type LiveRun, readState } from "./state-directory.ts";

/** A connection to a running cocktail. */
export interface Cocktail {
  readonly api: CocktailClient;
  /** Where its cocktail.yaml is; absent for one named by COCKTAIL_API. */
  readonly directory: string | undefined;
}

export interface ConnectOptions {
  readonly file: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `--file`, else the nearest running cocktail from the working directory upward, else COCKTAIL_API and COCKTAIL_TOKEN. */
export async function connect({ file, cwd, env }: ConnectOptions): Promise<Cocktail> {
  const candidates = file === undefined ? await filesUpward(cwd) : [await givenFile(file, cwd)];
  for (const path of candidates) {
    const directory = dirname(path);
    const { live } = await readState(directory);
    if (live !== undefined)
      return { api: await client(live.api, live.token, whileAlive(live, path)), directory };
  }
  const api = env["COCKTAIL_API"] ?? "";
  if (file === undefined && api !== "")
    return { api: await client(api, env["COCKTAIL_TOKEN"]), directory: undefined };
  throw await notRunning(candidates[0]);
}

async function notRunning(nearest: string | undefined): Promise<Failure> {
  if (nearest !== undefined) {
    const { holder } = await readState(dirname(nearest));
    if (holder !== undefined) {
      return new Failure({
        code: "NOT_RUNNING",
        message: `the cocktail of ${nearest} is starting or stopping (process ${holder.pid})`,
        fix: "try again in a moment; its log: .cocktail/logs/cocktail.log",
        retryable: true,
      });
    }
    return new Failure({
      code: "NOT_RUNNING",
      message: `the cocktail of ${nearest} is not running`,
      fix: "start it: cocktail up --detach",
      retryable: true,
    });
  }
  return new Failure({
    code: "NOT_RUNNING",
    message: `found no ${fileName} in this directory or above, and COCKTAIL_API is not set`,
    fix: `change to the directory of ${fileName} and run: cocktail up --detach; or pass --file; or set COCKTAIL_API and COCKTAIL_TOKEN`,
  });
}

/**
 * Fails for good where the process of this run has ended: whoever waits for an answer need not wait on. Another start has
 * another address.
 */
function whileAlive(run: LiveRun, file: string): typeof fetch {
  return async (...call) => {
    try {
      return await fetch(...call);
    } catch (error) {
      if (isAlive(run)) throw error;
      throw new Failure(
        {
          code: "COCKTAIL_EXITED",
          message: `the cocktail of ${file} ended meanwhile (process ${run.pid})`,
          fix: "start it again: cocktail up; it restores what was deployed, and goes on with what was stored",
          retryable: true,
        },
        { cause: error },
      );
    }
  };
}

/** Loaded on demand, so that commands without a connection start faster. */
async function client(
  baseUrl: string,
  token: string | undefined,
  fetch?: typeof globalThis.fetch,
): Promise<CocktailClient> {
  const { createClient } = await import("@cocktail/client");
  try {
    return createClient({ baseUrl, token, fetch });
  } catch (error) {
    throw new Failure(
      {
        code: "USAGE",
        message: error instanceof Error ? error.message : String(error),
        fix: "set COCKTAIL_API to the base URL of the control plane, such as http://127.0.0.1:4600",
        exitCode: 2,
      },
      { cause: error },
    );
  }
}
