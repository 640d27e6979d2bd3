import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CocktailClient } from "@cocktail/client";
import { type LiveRun, readState } from "../src/cocktail/state-directory.ts";
import type { Context } from "../src/command/context.ts";
import { addressOf } from "../src/edge/request.ts";
import { routeHeaders, type TracedAnswer, traceRequest } from "../src/edge/trace.ts";
import { Failure } from "../src/failure.ts";
import { member } from "./json.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Visit } from "./visits.ts";

/** A shop of the demo's own: a copy with git branches, in a temporary directory, and its cocktail. */
export interface Shop {
  readonly directory: string;
  readonly run: LiveRun;
  readonly api: CocktailClient;
  readonly services: readonly string[];
  /** Services that are left out because something they need is missing, and what that is. */
  readonly leftOut: readonly string[];
  readonly signal: AbortSignal;
  /** What stable processes had counted that were replaced since. */
  readonly pastVisits: Visit[];
  /** Runs a cocktail command in its directory and gives its JSON. */
  readonly cocktail: (argv: readonly string[]) => Promise<unknown>;
  /** One request at a time: a gateway can tell a lost route only where nothing else is asked meanwhile. */
  readonly ask: (request: ShopRequest) => Promise<TracedAnswer>;
  readonly urlOf: (request: ShopRequest) => string;
}

/** Where the demo keeps its things, from before anything is made until after all is gone. */
export async function makeShopDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "cocktail-demo-"));
}

/** Copies the shop, makes its branches, and starts it on a free port. */
export async function openShop(context: Context, directory: string): Promise<Shop> {
  const leftOut = (await hasPython()) ? [] : ["recommendation-service"];
  await prepare(directory, leftOut);
  const cocktail = runner(context, directory, context.signal);
  await cocktail(["up", "--detach", "--port", "0", "--wait-timeout", "60s"]);
  const { live: run } = await readState(directory);
  if (run === undefined) throw demoFailure("the shop's cocktail is gone", "run the demo again");
  const { createClient } = await import("@cocktail/client");
  const api = createClient({ baseUrl: run.api, token: run.token });
  const services = (await api.services()).map(({ name }) => name);
  const edge = new URL(run.edge);
  const urlOf = ({ host, path }: ShopRequest): string =>
    `http://${host}.localhost:${edge.port}${path}`;
  return {
    directory,
    run,
    api,
    services,
    leftOut,
    signal: context.signal,
    pastVisits: [],
    cocktail,
    urlOf,
    ask: inTurn((request) =>
      traceRequest({
        url: new URL(urlOf(request)),
        connectTo: addressOf(edge.hostname),
        method: request.method,
        headers: routeHeaders(request),
        signal: context.signal,
      }),
    ),
  };
}

/** Stops it and removes all there was of it; also after Ctrl-C, and when it never came up. */
export async function closeShop(context: Context, directory: string): Promise<void> {
  try {
    if (existsSync(join(directory, "cocktail.yaml"))) {
      await runner(context, directory, new AbortController().signal)(["down", "--purge"]);
    }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The same command line as a person's, in this process: what is shown is what is run. */
function runner(context: Context, cwd: string, signal: AbortSignal): Shop["cocktail"] {
  const env = shopEnvironment(context.env);
  return async (argv) => {
    const { code, stdout, stderr } = await context.invoke([...argv, "-o", "json"], {
      cwd,
      env,
      signal,
    });
    if (signal.aborted) throw signal.reason;
    if (code === 0) {
      const result: unknown = stdout === "" ? undefined : JSON.parse(stdout);
      return result;
    }
    throw demoFailure(`cocktail ${argv.join(" ")}: ${messageOf(stderr)}`, "see the message above");
  };
}

/** Of the user's surroundings nothing must reach the demo: not their database, not their running cocktail. */
function shopEnvironment(env: Context["env"]): Context["env"] {
  const { COCKTAIL_DATABASE_URL: _, COCKTAIL_API: __, COCKTAIL_TOKEN: ___, ...others } = env;
  // The services are written for the Node that runs this.
  const path = [dirname(process.execPath), env["PATH"] ?? ""].join(delimiter);
  return { ...others, PATH: path };
}

async function prepare(directory: string, leftOut: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL("../../../examples/shop/prepare.ts", import.meta.url));
  const args = leftOut.flatMap((name) => ["--without", name]);
  try {
    await promisify(execFile)(process.execPath, [script, directory, ...args]);
  } catch (error) {
    const said = String(member(error, "stderr") ?? error).trim();
    throw demoFailure(`the shop could not be copied: ${said}`, "git is needed: cocktail doctor");
  }
}

async function hasPython(): Promise<boolean> {
  return await promisify(execFile)("python3", ["--version"]).then(
    () => true,
    () => false,
  );
}

function messageOf(stderr: string): string {
  try {
    return String(member(JSON.parse(stderr), "message"));
  } catch {
    return stderr.trim();
  }
}

function demoFailure(message: string, fix: string): Failure {
  return new Failure({ code: "CHECK_FAILED", message, fix });
}

/** Calls wait for the ones before them, whatever came of those. */
function inTurn<A, R>(call: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (argument) => {
    const next = last.then(() => call(argument));
    last = next.catch(() => {});
    return next;
  };
}
