import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { constants } from "node:os";
import { isatty } from "node:tty";
import type { CocktailClient } from "@cocktail/client";
import { formatVariant, type Pin, STABLE } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import type { Context } from "../command/context.ts";
import { argument, flag, option } from "../command/option.ts";
import { environmentName, port, variant } from "../command/value.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure, usageFailure } from "../failure.ts";
import { readyCondition, variantIfAny } from "../wait/await-variant.ts";
import { poll } from "../wait/poll.ts";

const { signals } = constants;

/** If this command is killed it can't end the variant: then its lifetime does. */
const lifetimeSeconds = 12 * 3600;

export const exec: Command = command({
  path: ["exec"],
  summary: "Run a command in this terminal as a variant, with the addresses of its neighbours",
  details: [
    "The command gets PORT and HOST, where it is to listen, the addresses of all other services, the identity and the settings of the variant, on top of this shell's environment. While it runs it is the variant SERVICE:KEY: requests that name it reach it. When it ends, the variant ends. Its exit code is that of the command.",
    "--env-only runs it with the environment of a variant that exists, and registers nothing. --replace takes the place of a variant that exists; that one is destroyed.",
  ],
  args: { variant: argument(variant, "as which variant") },
  options: {
    envOnly: flag("only give it the environment of the variant, which must exist"),
    port: option(port, "where it listens (default: a free port)"),
    environment: option(environmentName("E"), "also make it a member of this environment"),
    replace: flag("take the place of a variant that exists"),
  },
  rest: { placeholder: "COMMAND...", summary: "the command and its arguments" },
  formats: ["table"],
  streams: true,
  examples: [
    {
      text: "a service under a debugger",
      command: "cocktail exec cart-service:mp-102 -- node --inspect server.js",
    },
    {
      text: "its tests, against what stable reaches",
      command: "cocktail exec cart-service:stable --env-only -- npm test",
    },
  ],
  run: async (context, { args, options, rest }) => {
    const pin = args.variant;
    if (rest.length === 0)
      throw usageFailure(
        "no command is given",
        "write it after --: cocktail exec cart:mp-1 -- node server.js",
      );
    if (pin.key === STABLE && !options.envOnly)
      throw usageFailure(
        `${formatVariant(pin.service, pin.key)} can't be taken over`,
        "use a key of your own, or --env-only",
      );
    const { api } = await context.connect();
    if (options.envOnly)
      return await runWith(context, rest, await variablesOf(api, pin, context.signal));
    return await runAs(context, api, { pin, command: rest, ...options });
  },
  exitCode: (code) => code,
});

interface RunAs {
  readonly pin: Pin;
  readonly command: readonly string[];
  readonly port: number | undefined;
  readonly environment: string | undefined;
  readonly replace: boolean;
}

async function runAs(context: Context, api: CocktailClient, how: RunAs): Promise<number> {
  const { signal, progress } = context;
  const { pin, environment, replace } = how;
  const name = formatVariant(pin.service, pin.key);
  const existing = replace ? undefined : await variantIfAny(api, pin, signal);
  // The deploy waits for one that is being destroyed, such as that of an exec which has just ended.
  if (existing !== undefined && readyCondition(existing.conditions)?.reason !== "Terminating")
    throw taken(name);
  const listen = how.port === undefined || how.port === 0 ? await freePort() : how.port;
  const url = `http://127.0.0.1:${listen}`;
  const request = { ...pin, source: { kind: "url", url }, environment, replace } as const;
  await api.deploy({ ...request, ttlSeconds: lifetimeSeconds }, { signal });
  const ended = new AbortController();
  try {
    const variables = await variablesOf(api, pin, signal, listen);
    progress.done("attached", `${name} is what will listen at ${url}`);
    void tellWhenServed(context, api, { pin, signal: AbortSignal.any([signal, ended.signal]) });
    return await runWith(context, how.command, variables);
  } finally {
    ended.abort();
    await end(context, api, { pin, url });
  }
}

/** Until then requests that name it are answered without it. A failure to find out is no failure of the command. */
async function tellWhenServed(
  { progress }: Context,
  api: CocktailClient,
  { pin, signal }: { readonly pin: Pin; readonly signal: AbortSignal },
): Promise<void> {
  const isServed = async (): Promise<true | undefined> => {
    const conditions = (await variantIfAny(api, pin, signal))?.conditions ?? [];
    return readyCondition(conditions)?.status === "True" || undefined;
  };
  const served = await poll({ signal, timeoutSeconds: lifetimeSeconds }, isServed).catch(() => {});
  const name = formatVariant(pin.service, pin.key);
  if (served) progress.done("served", `${name} gets the requests with x-service-route: ${name}`);
}

/** Ends the variant if it is still this one. Failing to is told, and doesn't hide how the command ended. */
async function end(
  { progress }: Context,
  api: CocktailClient,
  { pin, url }: { readonly pin: Pin; readonly url: string },
): Promise<void> {
  const { service, key } = pin;
  const name = formatVariant(service, key);
  // Ctrl-C has aborted the signal of everything else.
  const options = { signal: AbortSignal.timeout(10_000) };
  try {
    const now = await variantIfAny(api, pin, options.signal);
    if (now?.source.kind !== "url" || now.source.url !== url)
      return progress.done("ended", `${name} is somebody else's now, and stays`);
    await api.deleteVariant(service, key, {}, options);
    progress.done("ended", name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    progress.warn(`${name} could not be ended (${why}): cocktail branch delete ${name}`);
  }
}

async function variablesOf(
  api: CocktailClient,
  { service, key }: Pin,
  signal: AbortSignal,
  port?: number,
): Promise<Readonly<Record<string, string>>> {
  return (await api.variantEnvironment(service, key, { port }, { signal })).variables;
}

/** Its exit code, or 128 and the number of the signal that ended it, as shells have it. */
async function runWith(
  { cwd, env, signal, onSecondInterrupt }: Context,
  [program = "", ...args]: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(program, args, { cwd, env: { ...env, ...variables }, stdio: "inherit" });
  // A Ctrl-C at the terminal reaches the command by itself, every time: what it means is the command's to say.
  const hasTerminal = isatty(0);
  const pass = (): void => {
    if (!isInterrupt(signal)) child.kill("SIGTERM");
    else if (!hasTerminal) child.kill("SIGINT");
  };
  signal.addEventListener("abort", pass, { once: true });
  onSecondInterrupt(() => {
    if (!hasTerminal) child.kill("SIGKILL");
  });
  const ended = Promise.withResolvers<number>();
  child.once("error", (error) => ended.reject(notStarted(program, error)));
  child.once("exit", (code, by) => ended.resolve(code ?? 128 + (by === null ? 0 : signals[by])));
  try {
    return await ended.promise;
  } finally {
    signal.removeEventListener("abort", pass);
  }
}

function isInterrupt({ reason }: AbortSignal): boolean {
  return reason instanceof Failure && reason.exitCode === exitCodes.interrupted;
}

function notStarted(program: string, error: Error): Failure {
  return new Failure({
    code: "COMMAND_NOT_STARTED",
    message: `${program} could not be started: ${error.message}`,
    fix: "check its name and PATH; a shell's own words need: -- sh -c '...'",
  });
}

function taken(name: string): Failure {
  return new Failure({
    code: "CONFLICT",
    message: `${name} exists`,
    fix: `use another key, or take its place with --replace, which destroys it; its environment alone: --env-only`,
    exitCode: exitCodes.conflict,
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
