import type { CocktailClient, Variant } from "@cocktail/client";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, optionalArgument } from "../command/option.ts";
import { environmentName, service, variant } from "../command/value.ts";
import { type LastOutput, readLastOutput } from "../cocktail/last-output.ts";
import { lastOutputLines } from "../views/last-output-view.ts";
import { variantDetails, variantTable } from "../views/variant-view.ts";
import { destroy, destroyFailure, destroyView } from "./destroy.ts";
import { dryRunOption, destroyWaitOptions } from "./shared-options.ts";
import { watchOption, watchRows } from "../watch/watch-rows.ts";

const noBranches = "no branches; deploy one: cocktail branch deploy SERVICE --branch NAME";

async function listBranches(
  api: CocktailClient,
  filter: { readonly service: string | undefined; readonly environment: string | undefined },
  signal: AbortSignal,
): Promise<readonly Variant[]> {
  const variants = await api.variants(filter, { signal });
  return variants.filter(({ tier }) => tier === "branch");
}

/** A variant, and why it fails, in its own words. */
interface VariantReport extends Variant {
  readonly lastOutput: readonly LastOutput[];
}

const variantArgument = {
  variant: argument(variant, "the variant"),
} as const;

export const branchList: Command = command({
  path: ["branch", "list"],
  summary: "List the branch variants",
  args: {
    service: optionalArgument(service, "only branches of this service"),
  },
  options: {
    environment: option(environmentName("E"), "only members of this environment"),
    ...watchOption,
  },
  examples: [
    { text: "all of them, with URLs", command: "cocktail branch list -o wide" },
    { text: "print each change", command: "cocktail branch list --watch" },
    {
      text: "delete every branch of a service",
      command: "cocktail branch list cart-service -o name | xargs -n 1 cocktail branch delete",
    },
  ],
  follow: (context, { args, options: { watch, environment } }) =>
    watch
      ? watchRows(context, {
          read: (api, signal) => listBranches(api, { service: args.service, environment }, signal),
          table: (variants, now) => variantTable(variants, now, noBranches),
        })
      : undefined,
  run: async (context, { args, options: { environment } }) => {
    const { api } = await context.connect();
    return await listBranches(api, { service: args.service, environment }, context.signal);
  },
  view: (variants, { now }) => [variantTable(variants, now(), noBranches)],
  names: (variants) => variants.map(({ name }) => `variant/${name}`),
});

export const branchGet: Command = command({
  path: ["branch", "get"],
  summary: "Show one variant: whether it is ready and why, where it runs, and how to reach it",
  args: variantArgument,
  options: watchOption,
  examples: [
    { text: "all its details", command: "cocktail branch get payment-service:mp-101" },
    {
      text: "its header, for a script",
      command: "cocktail branch get payment-service:mp-101 -o json | jq -r .header.value",
    },
    { text: "watch it start", command: "cocktail branch get payment-service:mp-101 --watch" },
  ],
  follow: (context, { args: { variant }, options }) =>
    options.watch
      ? watchRows(context, {
          read: async (api, signal) =>
            (await api.variants({ service: variant.service }, { signal })).filter(
              ({ key }) => key === variant.key,
            ),
          table: (variants, now) => variantTable(variants, now, "no such variant"),
        })
      : undefined,
  run: async (context, { args: { variant } }): Promise<VariantReport> => {
    const { api } = await context.connect();
    const { signal } = context;
    const found = await api.variant(variant.service, variant.key, { signal });
    return { ...found, lastOutput: await readLastOutput(api, [found], signal) };
  },
  view: (variant, { now }) => [
    ...variantDetails(variant, now()),
    ...lastOutputLines(variant.lastOutput),
  ],
  names: ({ name }) => [`variant/${name}`],
});

export const branchDelete: Command = command({
  path: ["branch", "delete"],
  summary: "Destroy a branch: its route, process and worktree",
  details: ["Requests in flight are finished first. Deleting an absent variant is not an error."],
  args: variantArgument,
  options: {
    discard: flag("delete it even if its worktree has uncommitted work, which is lost"),
    ...destroyWaitOptions,
    ...dryRunOption,
  },
  examples: [
    {
      text: "the branch of a merged ticket",
      command: "cocktail branch delete payment-service:mp-101",
    },
    {
      text: "print the plan",
      command: "cocktail branch delete payment-service:mp-101 --dry-run",
    },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    return await destroy(context, api, args.variant, options);
  },
  view: destroyView,
  names: ({ name }) => [`variant/${name}`],
  failure: destroyFailure,
});
