import type { Source, Variant } from "@cocktail/client";
import { formatVariant, RC } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, repeatable } from "../command/option.ts";
import { pair, service, text } from "../command/value.ts";
import { usageFailure } from "../failure.ts";
import { variantTable } from "../views/variant-view.ts";
import { directory } from "./branch-deploy.ts";
import { deploy, deployFailure, deployNames, deployView, nextRollout } from "./deploy.ts";
import { destroy, destroyFailure, destroyView } from "./destroy.ts";
import { awaitGone } from "../wait/await-variant.ts";
import { ciFileOptions, dryRunOption, destroyWaitOptions, waitOptions } from "./shared-options.ts";

const args = {
  service: argument(service, "the service"),
};

export const rcDeploy: Command = command({
  path: ["rc", "deploy"],
  summary: "Run a release candidate of a service; the environment rc contains all of them",
  args,
  options: {
    path: option(text("DIR", "directory"), "run it from this directory"),
    branch: option(text("NAME"), "run it from a worktree of this git branch"),
    env: repeatable(pair, "set an environment variable of its process"),
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
      throw usageFailure(
        "neither --path nor --branch is given",
        "pass --branch release/2.4, or --path DIR",
      );
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
      "no release candidates; deploy one: cocktail rc deploy SERVICE --path DIR",
    ),
  ],
  names: (variants) => variants.map(({ name }) => `variant/${name}`),
});

export const rcPromote: Command = command({
  path: ["rc", "promote"],
  summary: "Make the release candidate's revision stable and remove the candidate, in one step",
  details: ["Stable keeps this revision until the service's entry in cocktail.yaml changes."],
  args,
  options: { ...waitOptions, ...dryRunOption },
  examples: [
    { text: "promote it", command: "cocktail rc promote order-service" },
    { text: "print the plan", command: "cocktail rc promote order-service --dry-run" },
  ],
  run: async (context, { args, options }) => {
    const report = await nextRollout(context, options, (api, ...how) =>
      api.promote(args.service, ...how),
    );
    if (report.waited !== "Ready") return report;
    const { api } = await context.connect();
    // The candidate left the table in the same epoch; this waits for its process to exit.
    const rc = { service: args.service, key: RC };
    if (await awaitGone(context, api, rc, options.waitTimeout)) return report;
    const left = `${formatVariant(rc.service, rc.key)} is still draining`;
    return { ...report, warnings: [...report.warnings, left] };
  },
  view: deployView,
  names: deployNames,
  failure: deployFailure,
});

export const rcRollback: Command = command({
  path: ["rc", "rollback"],
  summary: "Undo the last promotion: stable runs again what it ran before",
  details: [
    "What was promoted is not deployed any more; deploy it again as a candidate to promote it later. Only the last promotion can be undone, and only until the service's entry in cocktail.yaml changes.",
  ],
  args,
  options: { ...waitOptions, ...dryRunOption },
  examples: [
    { text: "undo it", command: "cocktail rc rollback order-service" },
    { text: "print the plan", command: "cocktail rc rollback order-service --dry-run" },
  ],
  run: async (context, { args, options }) =>
    await nextRollout(context, options, (api, ...how) => api.rollback(args.service, ...how)),
  view: deployView,
  names: deployNames,
  failure: deployFailure,
});

export const rcAbandon: Command = command({
  path: ["rc", "abandon"],
  summary: "Destroy the release candidate; stable is unchanged",
  args,
  options: {
    discard: flag("delete it even if its worktree has uncommitted work, which is lost"),
    ...destroyWaitOptions,
    ...dryRunOption,
  },
  examples: [
    { text: "without a promotion", command: "cocktail rc abandon order-service" },
    { text: "print the plan", command: "cocktail rc abandon order-service --dry-run" },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    return await destroy(context, api, { service: args.service, key: RC }, options);
  },
  view: destroyView,
  names: ({ name }) => [`variant/${name}`],
  failure: destroyFailure,
});
