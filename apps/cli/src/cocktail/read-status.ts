import type { CocktailClient, Environment, Status, Variant } from "@cocktail/client";

/** The status of a running cocktail, with its variants and environments. */
export interface StatusReport extends Status {
  readonly variants: readonly Variant[];
  readonly environments: readonly Environment[];
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
