import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { CocktailClient, DeployRequest, Source } from "@cocktail/client";
import { RC, STABLE } from "@cocktail/route";
import { isNotFound } from "../cocktail/api-errors.ts";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, repeatable } from "../command/option.ts";
import { duration, environmentName, httpUrl, key, pair, service, text } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { type Failure, usageFailure } from "../failure.ts";
import { deploy, deployFailure, deployNames, deployView } from "./deploy.ts";
import { ciFileOptions, dryRunOption, waitOptions } from "./shared-options.ts";

export const branchDeploy: Command = command({
  path: ["branch", "deploy"],
  summary: "Run another version of a service beside stable, and wait until it is served",
  details: [
    "--branch derives the key (feature/mp-101-faster -> mp-101) and, without --path, makes a git worktree of that branch. --key names it yourself, for a second branch of one ticket; without --branch the service's own directory is used unless --path or --url says otherwise.",
    "Deploying again starts the next incarnation beside the old one and swaps them once it answers. A new service may begin as a branch: give its command after --.",
  ],
  args: {
    service: argument(service, "the service"),
  },
  options: {
    branch: option(text("NAME"), "the git branch; its ticket is the key"),
    key: option(key, "the key, where there is no branch"),
    path: option(text("DIR", "directory"), "run it from this directory instead of a worktree"),
    url: option(httpUrl, "attach a process that you run yourself, such as one under a debugger"),
    env: repeatable(pair, "a variable of its environment"),
    environment: option(environmentName("E"), "make it a member of this environment too"),
    ttl: option(duration, "destroy it after this time"),
    fallback: flag("while it is down, let the next layer answer instead of 503"),
    replace: flag("take the key over from another branch"),
    ...waitOptions,
    ...dryRunOption,
    ...ciFileOptions,
  },
  rest: { placeholder: "COMMAND...", summary: "run this instead of the service's command" },
  examples: [
    {
      text: "a git branch, from a worktree made for it",
      command: "cocktail branch deploy payment-service --branch feature/mp-101-faster",
    },
    {
      text: "a directory, for a day",
      command: "cocktail branch deploy cart-service --key mp-102 --path ../cart --ttl 24h",
    },
    {
      text: "a process under your debugger",
      command: "cocktail branch deploy cart-service --key mp-102 --url http://127.0.0.1:9229",
    },
    {
      text: "a service that only this branch has",
      command: "cocktail branch deploy audit --key mp-103 --path ./audit -- python3 app.py",
    },
  ],
  run: async (context, { args, options, rest }) => {
    const fault = findFault(options, rest);
    if (fault !== undefined) throw fault;
    const { api } = await context.connect();
    const source = await chooseSource(context, api, { service: args.service, ...options, rest });
    const request: DeployRequest = {
      service: args.service,
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
  view: deployView,
  names: deployNames,
  failure: deployFailure,
});

interface SourceOptions {
  readonly branch: string | undefined;
  readonly key: string | undefined;
  readonly path: string | undefined;
  readonly url: string | undefined;
}

/** Options that contradict each other, found before anything is asked. */
function findFault(options: SourceOptions, rest: readonly string[]): Failure | undefined {
  const { branch, key, path, url } = options;
  const has = (value: unknown): boolean => value !== undefined;
  const rules: readonly (readonly [isBroken: boolean, message: string, fix: string])[] = [
    [
      !has(branch) && !has(key),
      "neither --branch nor --key",
      "--branch feature/mp-101-faster, or --key mp-101",
    ],
    [
      has(path) && has(url),
      "both --path and --url",
      "--path runs a process, --url attaches one; leave one out",
    ],
    [
      has(url) && rest.length > 0,
      "both --url and a command",
      "--url attaches a process that runs already; leave the command out",
    ],
    [key === RC, "--key rc is reserved", "cocktail rc deploy SERVICE --path DIR"],
    [
      key === STABLE,
      "--key stable is reserved",
      "stable is what cocktail.yaml says, or what `cocktail rc promote` made of it",
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
  wanted: SourceArguments,
): Promise<Source> {
  if (wanted.url !== undefined) return { kind: "url", url: wanted.url };
  if (wanted.path !== undefined)
    return { kind: "directory", path: await directory(wanted.path, context.cwd) };
  if (wanted.branch !== undefined) return { kind: "branch", branch: wanted.branch };
  // A service that only a branch has, also at its second deploy, has no directory of its own: its command runs where the
  // user stands.
  const hasNoServicePath =
    wanted.rest.length > 0 && !(await hasPath(api, wanted.service, context.signal));
  return hasNoServicePath ? { kind: "directory", path: context.cwd } : { kind: "service" };
}

/** An existing directory as an absolute path. */
export async function directory(path: string, cwd: string): Promise<string> {
  const absolute = resolve(cwd, path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isDirectory() === true) return absolute;
  const what = found === undefined ? "does not exist" : "is not a directory";
  throw usageFailure(
    `--path: ${absolute} ${what}`,
    "name the directory that holds the version to run",
  );
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
