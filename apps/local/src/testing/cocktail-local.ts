import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { type CocktailClient, createClient } from "@cocktail/client";
import { readRunFile, type RunFile } from "@cocktail/local-state";
import { until } from "@cocktail/test-support";
import { findMarked } from "../processes/process-list.ts";

const launcher = new URL("../../bin/cocktail-local.js", import.meta.url).pathname;

/** The real program, started in a directory. */
export interface LocalProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number>;
  stdout(): string;
  stderr(): string;
}

export function startLocal(
  directory: string,
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): LocalProcess {
  const { COCKTAIL_DATABASE_URL: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
  const env = { ...inherited, ...more };
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: directory,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  }
  const exited = new Promise<number>((settle) => child.once("close", (code) => settle(code ?? -1)));
  return { child, exited, stdout: () => printed.stdout, stderr: () => printed.stderr };
}

/** A cocktail that serves, and what a test needs to look at it from outside. */
export interface LocalCocktail extends AsyncDisposable, LocalProcess {
  readonly run: RunFile;
  readonly api: CocktailClient;
  /** A request at the edge, for a virtual host. */
  get(host: string, headers?: Readonly<Record<string, string>>, path?: string): Promise<Answer>;
  /** Waits until a variant answers requests through the gateway. */
  ready(service: string, key: string): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<number>;
}

export interface Answer {
  readonly status: number;
  readonly served: string | undefined;
  readonly body: string;
}

export async function openLocal(
  directory: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<LocalCocktail> {
  const started = startLocal(directory, ["--port", "0", ...args], env);
  const file = join(directory, ".cocktail/run.json");
  const run = await until(
    "run.json to say ready",
    () => {
      if (started.child.exitCode !== null) throw new Error(`it exited: ${started.stderr()}`);
      const found = readRunFile(file);
      return found?.ready === true && found.pid === started.child.pid && found;
    },
    { ms: 60_000, seen: () => [started.stderr(), readRunFile(file)] },
  );
  const { api: baseUrl = "", edge = "", token } = run;
  const api = createClient({ baseUrl, token });
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number> => {
    started.child.kill(signal);
    return await started.exited;
  };
  return {
    ...started,
    run,
    api,
    stop,
    get: (host, headers = {}, path = "/") => get(edge, path, { ...headers, host }),
    ready: async (service, key) => {
      const name = `${service}:${key}`;
      await until(
        `${name} to be ready`,
        async () => {
          const { conditions } = await api.variant(service, key);
          return conditions.some(({ status, type }) => type === "Ready" && status === "True");
        },
        { ms: 60_000, seen: () => started.stderr().slice(-3_000) },
      );
    },
    [Symbol.asyncDispose]: async () => {
      if (started.child.exitCode === null && started.child.signalCode === null) await stop();
      const left = await findMarked(run.runId);
      if (left.length > 0)
        throw new Error(`left behind: ${JSON.stringify(left.map(({ marks }) => [...marks]))}`);
    },
  };
}

async function get(
  edge: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const { request } = await import("node:http");
  const { port } = new URL(edge);
  return await new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, headers, agent: false });
    asked.on("error", reject).once("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.once("end", () => {
        const served = response.headersDistinct["x-route-served"]?.join();
        resolve({ status: response.statusCode ?? 0, served, body });
      });
    });
    asked.end();
  });
}
