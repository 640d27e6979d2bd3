import type {
  CocktailClient,
  Environment,
  EnvironmentResult,
  EnvironmentSpec,
  PlannedAction,
} from "@cocktail/client";
import { type Pin, STABLE } from "@cocktail/route";
import { type CiFiles, writeCiFiles } from "../cocktail/ci-files.ts";
import { type Command, command } from "../command/command.ts";
import { argument, option, optionalArgument, repeatable } from "../command/option.ts";
import { duration, environmentName, file, variant } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { formatExpiry } from "../duration.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure, usageFailure } from "../failure.ts";
import { line, span, type View } from "../output/view.ts";
import { environmentAccess, memberSummary } from "../views/environment-view.ts";
import { planView, warningLines } from "../views/plan-view.ts";
import { awaitEnvironment } from "../wait/await-environment.ts";
import { describeCondition, readyCondition, type Waited } from "../wait/await-variant.ts";
import { membersOf, type NamedSpec, readEnvironmentFile } from "./env-spec.ts";
import { ciFileOptions, dryRunOption, waitOptions } from "./shared-options.ts";

/** The result of a write to an environment. JSON fields are a contract. */
export interface EnvironmentReport {
  readonly outcome: EnvironmentResult["outcome"];
  readonly dryRun: boolean;
  readonly waited: Waited;
  readonly environment: Environment;
  readonly plan: readonly PlannedAction[];
  readonly warnings: readonly string[];
}

interface Flags extends CiFiles {
  readonly wait: boolean;
  readonly waitTimeout: number;
  readonly dryRun: boolean;
}

const specOptions = {
  parent: option(environmentName("P"), "the layer below it (default: stable)"),
  variant: repeatable(variant, "a member"),
  ttl: option(duration, "delete it after this time"),
} as const;
const name = {
  name: argument(environmentName("NAME"), "the environment"),
} as const;

export const envCreate: Command = command({
  path: ["env", "create"],
  summary: "Create an environment: a named layer of variants over a parent; fails if it exists",
  details: [
    "The parent serves each service without a member here. A member that is not deployed yet is allowed, with a warning; the environment is not ready until it is.",
  ],
  args: name,
  options: { ...specOptions, ...waitOptions, ...dryRunOption, ...ciFileOptions },
  examples: [
    {
      text: "a ticket that spans two services",
      command:
        "cocktail env create ops-101 --variant payment-service:mp-101 --variant cart-service:mp-102",
    },
    {
      text: "a branch on top of all release candidates, for two days",
      command: "cocktail env create ops-102 --parent rc --variant payment-service:mp-101 --ttl 48h",
    },
  ],
  run: async (context, { args, options }) => {
    const spec = specOf(options);
    const { api } = await context.connect();
    return await write(
      context,
      api,
      { name: args.name, spec },
      {
        flags: options,
        send: (dryRun) =>
          api.createEnvironment(
            { name: args.name, ...spec, ...(dryRun && { dryRun }) },
            { signal: context.signal },
          ),
      },
    );
  },
  view: environmentReportView,
  names: environmentNames,
  failure: environmentFailure,
});

export const envApply: Command = command({
  path: ["env", "apply"],
  summary: "Create or replace an environment",
  details: [
    "From a file (kind: Environment, with metadata.name, spec.parent, spec.members as a list of {service, key}, spec.ttlSeconds), or from NAME and options. Omitted fields, the lifetime too, are removed.",
  ],
  args: { name: optionalArgument(environmentName("NAME"), "the environment") },
  options: {
    filename: option(file("F"), "the file; - is standard input", { short: "-f" }),
    ...specOptions,
    ...waitOptions,
    ...dryRunOption,
    ...ciFileOptions,
  },
  examples: [
    { text: "from a file", command: "cocktail env apply -f environment.yaml" },
    {
      text: "without a file",
      command: "cocktail env apply payment-dev --parent rc --variant payment-service:mp-101",
    },
    { text: "print the plan", command: "cocktail env apply -f environment.yaml --dry-run" },
  ],
  run: async (context, { args, options }) => {
    const intent = await readIntent(context, args.name, options);
    const { api } = await context.connect();
    return await write(context, api, intent, {
      flags: options,
      send: (dryRun) =>
        api.applyEnvironment(
          intent.name,
          { ...intent.spec, ...(dryRun && { dryRun }) },
          { signal: context.signal },
        ),
    });
  },
  view: environmentReportView,
  names: environmentNames,
  failure: environmentFailure,
});

export const envExtend: Command = command({
  path: ["env", "extend"],
  summary: "Extend an environment's lifetime",
  args: name,
  options: { by: option(duration, "how much longer"), ...dryRunOption },
  examples: [
    { text: "one more day", command: "cocktail env extend ops-101 --by 24h" },
    { text: "one more week", command: "cocktail env extend ops-101 --by 7d" },
  ],
  run: async (context, { args, options }): Promise<EnvironmentReport> => {
    const { by, dryRun } = options;
    if (by === undefined) {
      throw usageFailure("--by is missing", "pass it: cocktail env extend NAME --by 24h");
    }
    const { api } = await context.connect();
    const call = { signal: context.signal, ...(dryRun && { dryRun }) };
    const result = await api.extendEnvironment(args.name, by, call);
    return { ...result, dryRun, waited: "NotWaited" };
  },
  view: ({ environment, outcome, dryRun, plan }, { now }) => {
    const subject = `environment/${environment.name}`;
    const head = dryRun
      ? planView(subject, outcome, plan)
      : [line(span("strong", subject), ` ${outcome}`)];
    const expires = ["expires", formatExpiry(environment.expiresAt, now())] as const;
    return [...head, { kind: "fields", fields: [expires] }];
  },
  names: environmentNames,
});

interface SpecFlags {
  readonly parent: string | undefined;
  readonly variant: readonly Pin[];
  readonly ttl: number | undefined;
}

function specOf({ parent, variant, ttl }: SpecFlags): EnvironmentSpec {
  return { parent, members: membersOf(variant), ttlSeconds: ttl };
}

async function readIntent(
  context: Context,
  argument: string | undefined,
  options: SpecFlags & { readonly filename: string | undefined },
): Promise<NamedSpec> {
  const { filename } = options;
  if (filename === undefined) {
    if (argument === undefined)
      throw usageFailure("neither -f nor NAME is given", "cocktail env apply -f environment.yaml");
    return { name: argument, spec: specOf(options) };
  }
  if (
    argument !== undefined ||
    options.parent !== undefined ||
    options.variant.length > 0 ||
    options.ttl !== undefined
  ) {
    throw usageFailure(
      "-f excludes NAME, --parent, --variant and --ttl",
      "put all of them into the file, or omit -f",
    );
  }
  return await readEnvironmentFile(filename, context.cwd);
}

async function write(
  context: Context,
  api: CocktailClient,
  intent: NamedSpec,
  {
    flags,
    send,
  }: { readonly flags: Flags; readonly send: (dryRun: boolean) => Promise<EnvironmentResult> },
): Promise<EnvironmentReport> {
  const wantsFiles = flags.dotenv !== undefined || flags.githubOutput !== undefined;
  if (flags.dryRun || wantsFiles) {
    const planned = await send(true);
    if (wantsFiles) await writeCiFiles(flags, context.cwd, planned.environment);
    if (flags.dryRun) return { ...planned, dryRun: true, waited: "NotWaited" };
  }
  const result = await send(false);
  for (const warning of result.warnings) context.progress.warn(warning);
  context.progress.done(
    "stored",
    `environment/${intent.name}: ${memberSummary(result.environment)}, over ${result.environment.parent ?? STABLE}`,
  );
  if (!flags.wait) return { ...result, dryRun: false, waited: "NotWaited" };
  const { waited, environment, absent } = await awaitEnvironment(
    context,
    api,
    result.environment,
    flags.waitTimeout,
  );
  const missing = absent.map((variant) => `${variant} is not deployed yet`);
  return {
    ...result,
    environment,
    warnings: [...new Set([...result.warnings, ...missing])],
    dryRun: false,
    waited,
  };
}

function environmentReportView(report: EnvironmentReport, { now }: Context): View {
  const { environment, outcome, dryRun, plan, warnings, waited } = report;
  const subject = `environment/${environment.name}`;
  if (dryRun) return [...planView(subject, outcome, plan), ...warningLines(warnings)];
  const suffix =
    waited === "NotWaited" && outcome !== "unchanged" ? span("dim", "  (did not wait)") : "";
  const lifetime: readonly (readonly [string, string])[] =
    environment.expiresAt === undefined
      ? [["next", `cocktail env get ${environment.name}`]]
      : [
          ["expires", formatExpiry(environment.expiresAt, now())],
          ["next", `cocktail env extend ${environment.name} --by 24h`],
        ];
  return [
    line(span("strong", subject), ` ${outcome}`, suffix),
    { kind: "fields", fields: [...environmentAccess(environment), ...lifetime] },
  ];
}

function environmentNames({ environment }: EnvironmentReport): readonly string[] {
  return [`environment/${environment.name}`];
}

function environmentFailure({ waited, environment }: EnvironmentReport): Failure | undefined {
  if (waited === "Ready" || waited === "NotWaited") return undefined;
  const why = describeCondition(readyCondition(environment.conditions));
  const fix = `see the cause: cocktail env explain ${environment.name}`;
  const subject = `environment/${environment.name}`;
  return waited === "TimedOut"
    ? new Failure({
        code: "TIMEOUT",
        message: `${subject} was not ready in time: ${why}`,
        fix,
        retryable: true,
        exitCode: exitCodes.timeout,
      })
    : new Failure({
        code: "VARIANT_FAILED",
        message: `${subject} has a member that failed: ${why}`,
        fix,
      });
}
