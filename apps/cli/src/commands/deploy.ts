import type {
  CocktailClient,
  DeployRequest,
  DeployResult,
  PlannedAction,
  Variant,
} from "@cocktail/client";
import { isTicketOf } from "@cocktail/route";
import { readLastOutput } from "../cocktail/last-output.ts";
import { type CiFiles, writeCiFiles } from "../cocktail/ci-files.ts";
import type { Context } from "../command/context.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { line, span, type View } from "../output/view.ts";
import { planView, warningLines } from "../views/plan-view.ts";
import { deployedFields } from "../views/variant-view.ts";
import {
  awaitVariant,
  describeCondition,
  readyCondition,
  type Waited,
} from "../wait/await-variant.ts";

/** The result of a deploy or promotion. JSON fields are a contract. */
export interface DeployReport {
  readonly outcome: DeployResult["outcome"];
  readonly dryRun: boolean;
  readonly waited: Waited;
  readonly generation: number;
  readonly variant: Variant;
  readonly plan: readonly PlannedAction[];
  readonly warnings: readonly string[];
}

export interface DeployFlags {
  readonly wait: boolean;
  readonly waitTimeout: number;
  readonly dryRun: boolean;
}

/** Stores the request, then waits until the new incarnation is served. */
export async function deploy(
  context: Context,
  api: CocktailClient,
  request: DeployRequest,
  flags: DeployFlags & CiFiles,
): Promise<DeployReport> {
  const { signal } = context;
  const wantsFiles = flags.dotenv !== undefined || flags.githubOutput !== undefined;
  if (flags.dryRun || wantsFiles) {
    // The server derives key and URL: a dry run returns them before anything is changed.
    const planned = await api.deploy({ ...request, dryRun: true }, { signal });
    if (wantsFiles) await writeCiFiles(flags, context.cwd, planned.variant);
    if (flags.dryRun) return { ...planned, dryRun: true, waited: "NotWaited" };
  }
  const result = await api.deploy(request, { signal });
  for (const warning of result.warnings) context.progress.warn(warning);
  if (request.branch !== undefined && request.key === undefined)
    context.progress.done("key", describeKey(result.variant.key, request.branch));
  return await awaitDeploy(context, api, result, flags);
}

/** By which rule a branch got its key. */
function describeKey(key: string, branch: string): string {
  return isTicketOf(key, branch)
    ? `${key}, the ticket of ${branch}; another one: --key`
    : `${key}, the name of the branch`;
}

/** Waits until the stored generation is served; shared with `rc promote`. */
export async function awaitDeploy(
  context: Context,
  api: CocktailClient,
  result: DeployResult,
  flags: DeployFlags,
): Promise<DeployReport> {
  context.progress.done("stored", `${result.variant.name} generation ${result.generation}`);
  if (!flags.wait) return { ...result, dryRun: false, waited: "NotWaited" };
  const { waited, variant } = await awaitVariant(context, api, result, flags.waitTimeout);
  if (waited !== "Ready") await printLastOutput(context, api, variant);
  return { ...result, variant, dryRun: false, waited };
}

/** Sends a change that makes the next rollout of a variant, and waits for it; shared by `restart`, `rc promote` and others. */
export async function nextRollout(
  context: Context,
  flags: DeployFlags,
  send: (
    api: CocktailClient,
    request: { readonly dryRun?: true },
    options: { readonly signal: AbortSignal },
  ) => Promise<DeployResult>,
): Promise<DeployReport> {
  const { api } = await context.connect();
  const { signal } = context;
  if (!flags.dryRun) return await awaitDeploy(context, api, await send(api, {}, { signal }), flags);
  return { ...(await send(api, { dryRun: true }, { signal })), dryRun: true, waited: "NotWaited" };
}

export function deployView(report: DeployReport, context: Pick<Context, "now">): View {
  const { variant, outcome, dryRun, plan, warnings, waited } = report;
  const subject = `variant/${variant.name}`;
  if (dryRun) return [...planView(subject, outcome, plan), ...warningLines(warnings)];
  const suffix =
    waited === "NotWaited" && outcome !== "unchanged" ? span("dim", "  (did not wait)") : "";
  return [
    line(span("strong", subject), ` ${outcome}`, suffix),
    { kind: "fields", fields: [...deployedFields(variant, context), ["next", nextStep(report)]] },
  ];
}

export function deployNames({ variant }: DeployReport): readonly string[] {
  return [`variant/${variant.name}`];
}

export function deployFailure({ waited, variant }: DeployReport): Failure | undefined {
  const why = describeCondition(readyCondition(variant.conditions));
  const logs = `see its log: cocktail branch logs ${variant.name}; or the cause: cocktail env explain ${variant.key}`;
  if (waited === "TimedOut") {
    const message = `${variant.name} was not ready in time: ${why}`;
    return new Failure({
      code: "TIMEOUT",
      message,
      fix: logs,
      retryable: true,
      exitCode: exitCodes.timeout,
    });
  }
  if (waited === "Failed")
    return new Failure({
      code: "VARIANT_FAILED",
      message: `${variant.name} failed: ${why}`,
      fix: logs,
    });
  return undefined;
}

function nextStep({ waited, variant: { tier, name } }: DeployReport): string {
  if (waited === "Failed" || waited === "TimedOut") return `cocktail branch logs ${name}`;
  return tier === "stable" ? "cocktail status" : `cocktail route trace / --pins ${name}`;
}

/** Prints what a failed variant printed last on stderr. */
export async function printLastOutput(
  { progress, signal }: Context,
  api: CocktailClient,
  failed: Variant,
): Promise<void> {
  for (const { variant, lines } of await readLastOutput(api, [failed], signal)) {
    for (const text of lines) progress.note(`  ${variant} | ${text}`);
  }
}
