import type { CocktailClient, DeleteResult } from "@cocktail/client";
import { formatVariant, type Pin } from "@cocktail/route";
import type { Context } from "../command/context.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { line, span, type View } from "../output/view.ts";
import { planView, warningLines } from "../views/plan-view.ts";
import { awaitGone, type Waited } from "../wait/await-variant.ts";

/** The result of a deletion. `waited` is Ready once the variant is gone. */
export interface DestroyReport extends DeleteResult {
  readonly name: string;
  readonly dryRun: boolean;
  readonly waited: Waited;
}
export interface DestroyFlags {
  readonly discard: boolean;
  readonly wait: boolean;
  readonly waitTimeout: number;
  readonly dryRun: boolean;
}

/** Destroys a variant and waits until its process, checkout and route are gone. */
export async function destroy(
  context: Context,
  api: CocktailClient,
  pin: Pin,
  flags: DestroyFlags,
): Promise<DestroyReport> {
  const { discard, dryRun } = flags;
  const name = formatVariant(pin.service, pin.key);
  const mode = { ...(discard && { discard }), ...(dryRun && { dryRun }) };
  const result = await api.deleteVariant(pin.service, pin.key, mode, { signal: context.signal });
  for (const warning of dryRun ? [] : result.warnings) context.progress.warn(warning);
  if (dryRun || !flags.wait || result.outcome === "already absent") {
    return { ...result, name, dryRun, waited: "NotWaited" };
  }
  const gone = await awaitGone(context, api, pin, flags.waitTimeout);
  return { ...result, name, dryRun, waited: gone ? "Ready" : "TimedOut" };
}

export function destroyView({
  name,
  dryRun,
  plan,
  outcome,
  warnings,
  waited,
}: DestroyReport): View {
  if (dryRun) return [...planView(`variant/${name}`, outcome, plan), ...warningLines(warnings)];
  const suffix =
    waited === "NotWaited" && outcome === "deleted" ? span("dim", "  (did not wait)") : "";
  return [line(span("strong", `variant/${name}`), ` ${outcome}`, suffix)];
}

export function destroyFailure({ name, waited }: DestroyReport): Failure | undefined {
  if (waited !== "TimedOut") return undefined;
  return new Failure({
    code: "TIMEOUT",
    message: `${name} was not deleted in time; the deletion continues`,
    fix: `see its state: cocktail branch get ${name}`,
    retryable: true,
    exitCode: exitCodes.timeout,
  });
}
