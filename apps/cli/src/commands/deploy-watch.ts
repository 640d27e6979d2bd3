import { setTimeout as delay } from "node:timers/promises";
import type { CocktailClient, DeployRequest, Variant } from "@cocktail/client";
import { isRetryable } from "../cocktail/api-errors.ts";
import type { CiFiles } from "../cocktail/ci-files.ts";
import type { Context } from "../command/context.ts";
import { toFailure } from "../error-mapping.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { layout } from "../output/layout.ts";
import { coloured, plain } from "../output/paint.ts";
import { silentProgress, type Waiting } from "../output/progress.ts";
import {
  awaitVariant,
  describeCondition,
  readyCondition,
  variantIfAny,
  type Waited,
} from "../wait/await-variant.ts";
import { DirectoryChanges } from "../watch/directory-changes.ts";
import { RepeatedChanges } from "../watch/repeated-changes.ts";
import { refuseUnstreamed } from "../watch/watch-rows.ts";
import { deploy, type DeployFlags, deployView, printLastOutput } from "./deploy.ts";

export interface WatchedDeploy {
  readonly request: DeployRequest;
  /** Of its source. */
  readonly directory: string;
  readonly flags: DeployFlags & CiFiles;
}

/** One redeploy, and why. JSON fields are a contract. */
interface Cycle {
  /** Paths below the directory; empty for the first deploy. */
  readonly changed: readonly string[];
  readonly waited: Waited | "Superseded";
  readonly variant: Variant;
}

/** So long a redeploy may take while a further change waits for its end: a version that hangs must not hold up its fix. */
const patienceMs = 10_000;
const retryMs = 1_000;

/**
 * Deploys, and again after every change of the directory, one after the other, until Ctrl-C. A redeploy that fails is
 * reported, and the incarnation before serves on. The variant stays when watching ends.
 */
export async function deployWatching(context: Context, watched: WatchedDeploy): Promise<ExitCode> {
  refuseUnstreamed(context.format);
  await using changes = await DirectoryChanges.open(watched.directory, context.signal);
  const { api } = await context.connect();
  const report = await deploy(context, api, watched.request, watched.flags);
  const { variant, waited } = report;
  if (context.format === "json") await writeLine(context, { changed: [], waited, variant });
  else {
    const paint = context.colour ? coloured : plain;
    await context.write(layout(deployView(report, context), paint, context.format === "wide"));
  }
  context.progress.done("watching", `${watched.directory}; Ctrl-C ends it`);
  try {
    return await redeployForever(context, changes, { ...watched, variant });
  } catch (error) {
    const reason: unknown = context.signal.reason;
    // Ctrl-C is the normal end of watching.
    if (!(reason instanceof Failure)) throw error;
    const { name } = variant;
    context.progress.done("stopped", `${name} stays; end it: cocktail branch delete ${name}`);
    return reason.exitCode;
  }
}

type Watched = WatchedDeploy & { readonly variant: Variant };

async function redeployForever(
  context: Context,
  changes: DirectoryChanges,
  watched: Watched,
): Promise<never> {
  const repeated = new RepeatedChanges();
  for (;;) {
    const { isPending } = changes;
    const changed = await changes.take(context.signal);
    for (const name of repeated.next(changed, isPending))
      context.progress.warn(
        `${name} changed during three redeploys in a row: if the service writes it, let git ignore it`,
      );
    await redeploy(context, changes, watched, changed);
  }
}

async function redeploy(
  context: Context,
  changes: DirectoryChanges,
  watched: Watched,
  changed: readonly string[],
): Promise<void> {
  const waiting = context.progress.wait("redeploy");
  const why = summarize(changed);
  try {
    const cycle = await whenRunning(context, waiting, async (api) => {
      await refuseForeign(api, watched, context.signal);
      return { ...(await attempt(context, api, changes, watched)), changed };
    });
    const isGood = cycle.waited === "Ready";
    waiting.end(isGood ? "good" : "bad", `${why}: ${describeCycle(cycle)}`);
    if (context.format === "json") await writeLine(context, cycle);
    if (cycle.waited === "Failed")
      await printLastOutput(context, (await context.connect()).api, cycle.variant);
  } catch (error) {
    const failure = await toFailure(error);
    const isOver =
      context.signal.aborted || error instanceof WatchingOver || failure.code === "INTERNAL";
    if (isOver) {
      waiting.drop();
      throw error;
    }
    waiting.end("bad", `${why}: ${failure.message}; ${failure.fix}`);
    const { code, message, fix, retryable } = failure;
    if (context.format === "json")
      await writeLine(context, { changed, error: { code, message, fix, retryable } });
  }
}

/** The next incarnation, until it serves or has failed; or until a newer change has waited for long enough. */
async function attempt(
  context: Context,
  api: CocktailClient,
  changes: DirectoryChanges,
  { request, flags, variant: { service, key } }: Watched,
): Promise<Omit<Cycle, "changed">> {
  const { signal } = context;
  const cut = new AbortController();
  const cutting = cutAfterChange(changes, cut);
  try {
    const stored = await api.deploy(request, { signal });
    const quiet = {
      ...context,
      progress: silentProgress,
      signal: AbortSignal.any([signal, cut.signal]),
    };
    return await awaitVariant(quiet, api, stored, flags.waitTimeout);
  } catch (error) {
    if (signal.aborted || !cut.signal.aborted) throw error;
    return { waited: "Superseded", variant: await api.variant(service, key, { signal }) };
  } finally {
    cut.abort();
    await cutting;
  }
}

async function cutAfterChange(changes: DirectoryChanges, cut: AbortController): Promise<void> {
  const { signal } = cut;
  const patience = delay(patienceMs, undefined, { signal });
  try {
    await Promise.all([changes.settle(signal), patience]);
    cut.abort();
  } catch {
    // It ended before, or the directory can't be watched any more, which the next look at it says.
  }
}

/** Somebody has ended the variant, or deployed another one in its place. */
class WatchingOver extends Failure {}

async function refuseForeign(
  api: CocktailClient,
  { directory, variant: { service, key, name } }: Watched,
  signal: AbortSignal,
): Promise<void> {
  const now = await variantIfAny(api, { service, key }, signal);
  if (now === undefined || readyCondition(now.conditions)?.reason === "Terminating")
    throw new WatchingOver({
      code: "NOT_FOUND",
      message: `${name} was ended meanwhile, so ${directory} is not watched any more`,
      fix: "run the command again to deploy it again",
      exitCode: exitCodes.notFound,
    });
  if (now.source.kind === "directory" && now.source.path === directory) return;
  throw new WatchingOver({
    code: "CONFLICT",
    message: `${name} was deployed from elsewhere meanwhile, so ${directory} is not watched any more`,
    fix: "run the command again to take it back, or use another --key",
    exitCode: exitCodes.conflict,
  });
}

/** Tries until the cocktail is there: it may be restarted while its user goes on editing. */
async function whenRunning<T>(
  context: Context,
  waiting: Waiting,
  work: (api: CocktailClient) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work((await context.connect()).api);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(await isRetryable(error))) throw error;
      waiting.state(`${(await toFailure(error)).message}; waiting until it is back`);
      await delay(retryMs, undefined, { signal: context.signal });
    }
  }
}

function describeCycle({ variant, waited }: Cycle): string {
  const serving = variant.incarnations.find(({ state }) => state === "ACTIVE");
  const { name } = variant;
  if (waited === "Ready") return `${name} serves its incarnation #${serving?.number ?? ""}`;
  const why = describeCondition(readyCondition(variant.conditions));
  const next = waited === "Superseded" ? "; a newer change replaces it" : "";
  return `${name} ${why}${serving === undefined ? "" : `; #${serving.number} serves on`}${next}`;
}

function summarize([first = "", ...more]: readonly string[]): string {
  const name = first === "" ? "the directory" : first;
  return more.length === 0 ? name : `${name} and ${more.length} more`;
}

async function writeLine({ write }: Context, value: object): Promise<void> {
  await write(`${JSON.stringify(value)}\n`);
}
