import type { CocktailClient, Environment, Status, Variant } from "@cocktail/client";

/** The whole picture of a running cocktail. */
export interface StatusReport extends Status {
  readonly variants: readonly Variant[];
  readonly environments: readonly Environment[];
}

/** Asks for all of it at once. */
export async function readStatus(api: CocktailClient, signal: AbortSignal): Promise<StatusReport> {
  const [state, variants, environments] = await Promise.all([
    api.status({ signal }),
    api.variants({}, { signal }),
    api.environments({ signal }),
  ]);
  return { ...state, variants, environments };
}
