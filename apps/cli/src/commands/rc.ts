import type { Source, Variant } from "@cocktail/client";
import { formatVariant, RC } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, repeatable } from "../command/option.ts";
import { pair, service, text } from "../command/value.ts";
import { usageFailure } from "../failure.ts";
import { variantTable } from "../views/variant-view.ts";
import { directory } from "./branch-deploy.ts";
import { deploy, deployFailure, deployNames, deployView, finishDeploy } from "./deploy.ts";
import { destroy, destroyFailure, destroyView } from "./destroy.ts";
import { awaitGone } from "../wait/await-variant.ts";
import { ciFileOptions, dryRunOption, goneOptions, waitOptions } from "./shared-options.ts";

const args = {
  service: argument(service, "the service"),
};

export const rcDeploy: Command = command({
  path: ["rc", "deploy"],
  summary: "Run a release candidate of a service; the environment rc holds all of them",
  args,
  options: {
    path: option(text("DIR", "directory"), "run it from this directory"),
    branch: option(text("NAME"), "run it from a worktree of this git branch"),
    env: repeatable(pair, "a variable of its environment"),
    ...waitOptions,
    ...dryRunOption,
    ...ciFileOptions,
  },
  rest: { placeholder: "COMMAND...", summary: "run this instead of the service's command" },
  examples: [
    {
      text: "from a release branch",
      command: "cocktail rc deploy order-service --branch release/2.4",
    },
    {
      text: "from a directory",
      command: "cocktail rc deploy order-service --path ../order-service-2.4",
    },
  ],
  run: async (context, { args, options, rest }) => {
    if (options.path === undefined && options.branch === undefined) {
      throw usageFailure("neither --path nor --branch", "--branch release/2.4, or --path DIR");
    }
    const source: Source =
      options.path === undefined
        ? { kind: "branch", branch: options.branch ?? "" }
        : { kind: "directory", path: await directory(options.path, context.cwd) };
    const { api } = await context.connect();
    const request = {
      service: args.service,
      key: RC,
      branch: options.branch,
      source,
      ...(rest.length > 0 && { command: rest }),
      ...(options.env.length > 0 && { env: Object.fromEntries(options.env) }),
    };
    return await deploy(context, api, request, options);
  },
  view: deployView,
  names: deployNames,
  failure: deployFailure,
});

export const rcList: Command = command({
  path: ["rc", "list"],
  summary: "List the release candidates",
  examples: [
    { text: "all of them", command: "cocktail rc list" },
    {
      text: "the services that have one",
      command: "cocktail rc list -o json | jq -r '.[].service'",
    },
  ],
  run: async (context): Promise<readonly Variant[]> => {
    const { api } = await context.connect();
    const variants = await api.variants({}, { signal: context.signal });
    return variants.filter(({ tier }) => tier === "rc");
  },
  view: (variants, { now }) => [
    variantTable(
      variants,
      now(),
      "no release candidates; make one: cocktail rc deploy SERVICE --path DIR",
    ),
  ],
  names: (variants) => variants.map(({ name }) => `variant/${name}`),
});

export const rcPromote: Command = command({
  path: ["rc", "promote"],
  summary: "Make the release candidate's revision stable, and the candidate empty, in one step",
  details: ["Stable stays promoted until the service's entry in cocktail.yaml changes."],
  args,
  options: { ...waitOptions, ...dryRunOption },
  examples: [
    { text: "release it", command: "cocktail rc promote order-service" },
    { text: "what would be done", command: "cocktail rc promote order-service --dry-run" },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    const { dryRun } = options;
    const result = await api.promote(args.service, dryRun ? { dryRun } : {}, {
      signal: context.signal,
    });
    if (dryRun) return { ...result, dryRun, waited: "NotWaited" as const };
    const report = await finishDeploy(context, api, result, options);
    if (report.waited !== "Ready") return report;
    // The candidate has left the table in the same step; what is waited for is the end of its process.
    const rc = { service: args.service, key: RC };
    if (await awaitGone(context, api, rc, options.waitTimeout)) return report;
    const left = `${formatVariant(rc.service, rc.key)} is still finishing what it had begun`;
    return { ...report, warnings: [...report.warnings, left] };
  },
  view: deployView,
  names: deployNames,
  failure: deployFailure,
});

export const rcAbandon: Command = command({
  path: ["rc", "abandon"],
  summary: "Destroy the release candidate; stable stays what it is",
  args,
  options: {
    discard: flag("also if its worktree holds uncommitted work, which is lost"),
    ...goneOptions,
    ...dryRunOption,
  },
  examples: [
    { text: "not this one", command: "cocktail rc abandon order-service" },
    { text: "what would be done", command: "cocktail rc abandon order-service --dry-run" },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    return await destroy(context, api, { service: args.service, key: RC }, options);
  },
  view: destroyView,
  names: ({ name }) => [`variant/${name}`],
  failure: destroyFailure,
});
