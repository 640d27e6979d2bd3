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
import { routeHeaders, type TracedResponse, traceRequest } from "../src/edge/trace.ts";
import { Failure } from "../src/failure.ts";
import { member } from "./json.ts";
import type { ShopRequest } from "./shop-request.ts";
import type { Visit } from "./visits.ts";

/** The demo's shop: a copy with git branches in a temporary directory, and its cocktail. */
export interface Shop {
  readonly directory: string;
  readonly run: LiveRun;
  readonly api: CocktailClient;
  readonly services: readonly string[];
  /** Services that are omitted because python3 is missing. */
  readonly omitted: readonly string[];
  readonly signal: AbortSignal;
  /** The counts of stable processes that were replaced since. */
  readonly pastVisits: Visit[];
  /** Runs a cocktail command in its directory and returns its JSON. */
  readonly cocktail: (argv: readonly string[]) => Promise<unknown>;
  /** Sends one request at a time: a gateway detects a lost route reliably only without concurrent requests. */
  readonly send: (request: ShopRequest) => Promise<TracedResponse>;
  readonly urlOf: (request: ShopRequest) => string;
}

/** Creates the temporary directory of the demo. */
export async function makeShopDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "cocktail-demo-"));
}

/** Copies the shop, creates its branches, and starts it on a free port. */
export async function openShop(context: Context, directory: string): Promise<Shop> {
  const omitted = (await hasPython()) ? [] : ["recommendation-service"];
  await prepare(directory, omitted);
  const cocktail = runner(context, directory, context.signal);
  await cocktail(["up", "--detach", "--port", "0", "--wait-timeout", "60s"]);
  const { live: run } = await readState(directory);
  if (run === undefined) throw demoFailure("the shop's cocktail exited", "run the demo again");
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
    omitted,
    signal: context.signal,
    pastVisits: [],
    cocktail,
    urlOf,
    send: serialise((request) =>
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

/** Stops the shop and removes its files; also after Ctrl-C and a failed start. */
export async function closeShop(context: Context, directory: string): Promise<void> {
  try {
    if (existsSync(join(directory, "cocktail.yaml"))) {
      await runner(context, directory, new AbortController().signal)(["down", "--purge"]);
    }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs the displayed command line in this process. */
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

/** Isolates the demo from the user's database and running cocktail. */
function shopEnvironment(env: Context["env"]): Context["env"] {
  const { COCKTAIL_DATABASE_URL: _, COCKTAIL_API: __, COCKTAIL_TOKEN: ___, ...others } = env;
  // The services need the Node version that runs the demo.
  const path = [dirname(process.execPath), env["PATH"] ?? ""].join(delimiter);
  return { ...others, PATH: path };
}

async function prepare(directory: string, omitted: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL("../../../examples/shop/prepare.ts", import.meta.url));
  const args = omitted.flatMap((name) => ["--without", name]);
  try {
    await promisify(execFile)(process.execPath, [script, directory, ...args]);
  } catch (error) {
    const stderr = String(member(error, "stderr") ?? error).trim();
    throw demoFailure(
      `the shop could not be copied: ${stderr}`,
      "check that git is installed: cocktail doctor",
    );
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

/** Serialises calls; a failed call does not affect the next one. */
function serialise<A, R>(call: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (argument) => {
    const next = last.then(() => call(argument));
    last = next.catch(() => {});
    return next;
  };
}
