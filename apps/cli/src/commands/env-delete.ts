import type { EnvironmentDeleteResult } from "@cocktail/client";
import { parseVariant } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument, flag } from "../command/option.ts";
import { environmentName } from "../command/value.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { line, span } from "../output/view.ts";
import { planView, warningLines } from "../views/plan-view.ts";
import { awaitGone, type Waited } from "../wait/await-variant.ts";
import { dryRunOption, destroyWaitOptions } from "./shared-options.ts";

interface EnvironmentDestroyReport extends EnvironmentDeleteResult {
  readonly name: string;
  readonly dryRun: boolean;
  readonly waited: Waited;
}

export const envDelete: Command = command({
  path: ["env", "delete"],
  summary: "Delete an environment and the variants that its deploys made",
  details: [
    "A variant that another environment names, or that was deployed before it was named here, is kept. The deletion is refused while the environment is the parent of another one. Deleting an absent environment is not an error.",
  ],
  args: {
    name: argument(environmentName("NAME"), "the environment"),
  },
  options: {
    keepVariants: flag("keep the variants"),
    discard: flag("delete them even if a worktree has uncommitted work, which is lost"),
    ...destroyWaitOptions,
    ...dryRunOption,
  },
  examples: [
    {
      text: "with the variants that were deployed into it",
      command: "cocktail env delete ops-101",
    },
    { text: "the layer alone", command: "cocktail env delete ops-101 --keep-variants" },
  ],
  run: async (context, { args, options }): Promise<EnvironmentDestroyReport> => {
    const { api } = await context.connect();
    const { keepVariants, discard, dryRun } = options;
    const mode = {
      ...(keepVariants && { keepVariants }),
      ...(discard && { discard }),
      ...(dryRun && { dryRun }),
    };
    const result = await api.deleteEnvironment(args.name, mode, { signal: context.signal });
    const report = { ...result, name: args.name, dryRun };
    if (dryRun) return { ...report, waited: "NotWaited" };
    for (const warning of result.warnings) context.progress.warn(warning);
    if (!options.wait) return { ...report, waited: "NotWaited" };
    for (const variant of result.variants) {
      const pin = parseVariant(variant);
      if (pin !== undefined && !(await awaitGone(context, api, pin, options.waitTimeout)))
        return { ...report, waited: "TimedOut" };
    }
    return { ...report, waited: "Ready" };
  },
  view: ({ name, dryRun, plan, outcome, variants, warnings }) => {
    const subject = `environment/${name}`;
    if (dryRun) return [...planView(subject, outcome, plan), ...warningLines(warnings)];
    return [
      line(span("strong", subject), ` ${outcome}`),
      ...variants.map((variant) => line(span("strong", `variant/${variant}`), " deleted with it")),
    ];
  },
  names: ({ name }) => [`environment/${name}`],
  failure: ({ name, waited }) =>
    waited === "TimedOut"
      ? new Failure({
          code: "TIMEOUT",
          message: `a variant of environment/${name} was not deleted in time; the deletion continues`,
          fix: "see the remaining variants: cocktail branch list",
          retryable: true,
          exitCode: exitCodes.timeout,
        })
      : undefined,
});
