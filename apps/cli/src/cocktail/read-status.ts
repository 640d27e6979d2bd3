import type { CocktailClient, Environment, Status, Variant } from "@cocktail/client";
import { type LastOutput, readLastOutput } from "./last-output.ts";

/** The status of a running cocktail, with its variants and environments. */
export interface StatusReport extends Status {
  readonly variants: readonly Variant[];
  readonly environments: readonly Environment[];
  /** Why variants fail, in their own words. Absent while a start is being waited for. */
  readonly lastOutput?: readonly LastOutput[] | undefined;
}

/** The requests run in parallel. */
export async function readStatus(api: CocktailClient, signal: AbortSignal): Promise<StatusReport> {
  const [state, variants, environments] = await Promise.all([
    api.status({ signal }),
    api.variants({}, { signal }),
    api.environments({ signal }),
  ]);
  return { ...state, variants, environments };
}

/** Also reads what failing variants printed last. */
export async function readFullStatus(
  api: CocktailClient,
  signal: AbortSignal,
): Promise<StatusReport> {
  return await withLastOutput(api, await readStatus(api, signal), signal);
}

export async function withLastOutput(
  api: CocktailClient,
  report: StatusReport,
  signal: AbortSignal,
): Promise<StatusReport> {
  return { ...report, lastOutput: await readLastOutput(api, report.variants, signal) };
}
