import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { CocktailClient, DeployRequest, Source } from "@cocktail/client";
import { RC, STABLE } from "@cocktail/route";
import { isNotFound } from "../cocktail/api-errors.ts";
import { type Command, command } from "../command/command.ts";
import { flag, option, optionalArgument, repeatable } from "../command/option.ts";
import { duration, environmentName, httpUrl, key, pair, service, text } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { type Failure, usageFailure } from "../failure.ts";
import { deploy, deployNames, deployView } from "./deploy.ts";
import { deployAll, deployAllFailure } from "./deploy-all.ts";
import { ciFileOptions, dryRunOption, waitOptions } from "./shared-options.ts";

export const branchDeploy: Command = command({
  path: ["branch", "deploy"],
  summary: "Run another version of a service beside stable, and wait until it is served",
  details: [
    "--branch derives the key (feature/mp-101-faster -> mp-101) and, without --path, creates a git worktree of that branch. --key sets the key, as for a second branch of one ticket; without --branch the service runs from its own directory unless --path or --url is given.",
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
      text: "a process in your debugger",
      command: "cocktail branch deploy cart-service --key mp-102 --url http://127.0.0.1:9229",
    },
    {
      text: "a service that only this branch has",
      command: "cocktail branch deploy audit --key mp-103 --path ./audit -- python3 app.py",
    },
  ],
  run: async (context, { args, options, rest }) => {
    const { all, branch, environment, key, replace, ttl: ttlSeconds } = options;
    const conflict = findConflict({ ...options, service: args.service }, rest);
    if (conflict !== undefined) throw conflict;
    const { api } = await context.connect();
    if (all && branch !== undefined) {
      const wanted = { branch, environment, key, replace, ttlSeconds };
      return await deployAll(context, api, wanted, options);
    }
    const { service = "" } = args;
    const source = await chooseSource(context, api, { service, ...options, rest });
    const request: DeployRequest = {
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
    return await deploy(context, api, request, options);
  },
  view: (result, context) => [result].flat().flatMap((report) => deployView(report, context)),
  names: (result) => [result].flat().flatMap(deployNames),
  failure: (result) => deployAllFailure([result].flat()),
});

interface SourceOptions {
  readonly branch: string | undefined;
  readonly key: string | undefined;
  readonly path: string | undefined;
  readonly url: string | undefined;
}

/** Missing or conflicting options, checked before any request. */
function findConflict(
  options: SourceOptions & { readonly all: boolean; readonly service: string | undefined },
  rest: readonly string[],
): Failure | undefined {
  const { all, branch, key, path, service: named, url } = options;
  const has = (value: unknown): boolean => value !== undefined;
  const rules: readonly (readonly [isBroken: boolean, message: string, fix: string])[] = [
    [
      !all && !has(named),
      "no service is named",
      "cocktail branch deploy SERVICE --branch NAME; or all that have the branch: --branch NAME --all",
    ],
    [
      all && (!has(branch) || [named, path, url, rest[0]].some(has)),
      "--all takes a --branch, and neither a service, --path, --url nor a command",
      "cocktail branch deploy --branch feature/mp-101-faster --all",
    ],
    [
      !has(branch) && !has(key),
      "neither --branch nor --key is given",
      "pass --branch feature/mp-101-faster, or --key mp-101",
    ],
    [
      has(path) && has(url),
      "--path and --url exclude each other",
      "--path runs a process, --url attaches one; omit one of them",
    ],
    [
      has(url) && rest.length > 0,
      "--url excludes a command after --",
      "--url attaches a process that already runs; omit the command",
    ],
    [
      key === RC,
      "--key rc is reserved",
      "deploy a release candidate with: cocktail rc deploy SERVICE --path DIR",
    ],
    [
      key === STABLE,
      "--key stable is reserved",
      "change stable in cocktail.yaml, or with: cocktail rc promote SERVICE",
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  return broken && usageFailure(broken[1], broken[2]);
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
