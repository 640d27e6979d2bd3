import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { CocktailClient, DeployRequest, Source } from "@cocktail/client";
import { isNotFound } from "../cocktail/api-errors.ts";
import { type Command, command } from "../command/command.ts";
import { flag, option, optionalArgument, repeatable } from "../command/option.ts";
import { duration, environmentName, httpUrl, key, pair, service, text } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import type { ExitCode } from "../exit-code.ts";
import { usageFailure } from "../failure.ts";
import { deploy, deployNames, deployView } from "./deploy.ts";
import { refuseConflict, type SourceOptions } from "./deploy-conflicts.ts";
import { deployWatching } from "./deploy-watch.ts";
import { deployAll, deployAllFailure } from "./deploy-all.ts";
import { ciFileOptions, dryRunOption, waitOptions } from "./shared-options.ts";

export const branchDeploy: Command = command({
  path: ["branch", "deploy"],
  summary: "Run another version of a service beside stable, and wait until it is served",
  details: [
    "--branch derives the key (feature/mp-101-faster -> mp-101) and, without --path, creates a git worktree of that branch. --key sets the key, as for a second branch of one ticket; without --branch the service runs from its own directory unless --path or --url is given.",
    "--watch stays in the foreground: it deploys the directory --path, and again 300 ms after the last change in it, one redeploy at a time. What git ignores, node_modules and editors' temporary files don't count. A redeploy that fails is reported, and the incarnation before serves on. Ctrl-C ends the watching; the variant stays. -o json prints a line for each deploy.",
    "A redeploy starts the next incarnation beside the old one and swaps them once it responds. A service may exist as a branch only: give its command after --.",
  ],
  args: {
    service: optionalArgument(service, "the service; not with --all"),
  },
  options: {
    branch: option(text("NAME"), "the git branch; its ticket becomes the key"),
    key: option(key, "the key, instead of --branch"),
    path: option(text("DIR", "directory"), "run it from this directory instead of a worktree"),
    url: option(httpUrl, "attach a process that you run yourself, for example in a debugger"),
    env: repeatable(pair, "set an environment variable of its process"),
    environment: option(environmentName("E"), "also make it a member of this environment"),
    ttl: option(duration, "destroy it after this time"),
    fallback: flag("while it is down, fall back to the next layer instead of responding 503"),
    replace: flag("replace another branch that has this key"),
    watch: flag("deploy it again after every change in the directory --path, until Ctrl-C", {
      short: "-w",
    }),
    all: flag("deploy --branch of every service whose repository has it"),
    ...waitOptions,
    ...dryRunOption,
    ...ciFileOptions,
  },
  rest: { placeholder: "COMMAND...", summary: "run this instead of the service's command" },
  examples: [
    {
      text: "a git branch, from a new worktree",
      command: "cocktail branch deploy payment-service --branch feature/mp-101-faster",
    },
    {
      text: "a ticket over several services, as one environment",
      command: "cocktail branch deploy --branch feature/mp-101-faster --all",
    },
    {
      text: "a directory, for a day",
      command: "cocktail branch deploy cart-service --key mp-102 --path ../cart --ttl 24h",
    },
    {
      text: "a directory, and again after every change in it",
      command: "cocktail branch deploy cart-service --key mp-102 --path ../cart --watch",
    },
    {
      text: "a process in your debugger",
      command: "cocktail branch deploy cart-service --key mp-102 --url http://127.0.0.1:9229",
    },
    {
      text: "a service that only this branch has",
      command: "cocktail branch deploy audit --key mp-103 --path ./audit -- python3 app.py",
    },
  ],
  follow: (context, { args, options, rest }) => {
    const { path, watch } = options;
    const { service = "" } = args;
    if (!watch || path === undefined || service === "") return undefined;
    refuseConflict({ ...options, service }, rest);
    const watching = async (): Promise<ExitCode> => {
      const source = { kind: "directory", path: await directory(path, context.cwd) } as const;
      const request = toRequest({ service, source, rest }, options);
      return await deployWatching(context, { request, directory: source.path, flags: options });
    };
    return watching();
  },
  run: async (context, { args, options, rest }) => {
    const { all, branch, environment, key, replace, ttl: ttlSeconds } = options;
    refuseConflict({ ...options, service: args.service }, rest);
    const { api } = await context.connect();
    if (all && branch !== undefined) {
      const wanted = { branch, environment, key, replace, ttlSeconds };
      return await deployAll(context, api, wanted, options);
    }
    const { service = "" } = args;
    const source = await chooseSource(context, api, { service, ...options, rest });
    return await deploy(context, api, toRequest({ service, source, rest }, options), options);
  },
  view: (result, context) => [result].flat().flatMap((report) => deployView(report, context)),
  names: (result) => [result].flat().flatMap(deployNames),
  failure: (result) => deployAllFailure([result].flat()),
});

interface RequestOptions {
  readonly branch: string | undefined;
  readonly key: string | undefined;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly environment: string | undefined;
  readonly ttl: number | undefined;
  readonly fallback: boolean;
  readonly replace: boolean;
}

function toRequest(
  what: { readonly service: string; readonly source: Source; readonly rest: readonly string[] },
  options: RequestOptions,
): DeployRequest {
  const { rest, service, source } = what;
  return {
    service,
    key: options.key,
    branch: options.branch,
    source,
    ...(rest.length > 0 && { command: rest }),
    ...(options.env.length > 0 && { env: Object.fromEntries(options.env) }),
    environment: options.environment,
    ttlSeconds: options.ttl,
    ...(options.fallback && { onUnavailable: "Fallback" }),
    ...(options.replace && { replace: true }),
  };
}

interface SourceArguments extends SourceOptions {
  readonly service: string;
  readonly rest: readonly string[];
}

async function chooseSource(
  context: Context,
  api: CocktailClient,
  options: SourceArguments,
): Promise<Source> {
  if (options.url !== undefined) return { kind: "url", url: options.url };
  if (options.path !== undefined)
    return { kind: "directory", path: await directory(options.path, context.cwd) };
  if (options.branch !== undefined) return { kind: "branch", branch: options.branch };
  // A service that exists as a branch only has no directory of its own, also at a redeploy: its command runs in the
  // working directory.
  const hasNoServicePath =
    options.rest.length > 0 && !(await hasPath(api, options.service, context.signal));
  return hasNoServicePath ? { kind: "directory", path: context.cwd } : { kind: "service" };
}

/** An existing directory as an absolute path. */
export async function directory(path: string, cwd: string): Promise<string> {
  const absolute = resolve(cwd, path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isDirectory() === true) return absolute;
  const what = found === undefined ? "does not exist" : "is not a directory";
  throw usageFailure(`--path: ${absolute} ${what}`, "pass the directory of the version to run");
}

async function hasPath(
  api: CocktailClient,
  service: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await api.service(service, { signal })).path !== undefined;
  } catch (error) {
    if (await isNotFound(error)) return false;
    throw error;
  }
}
