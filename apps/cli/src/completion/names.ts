import type { CocktailClient } from "@cocktail/client";
import type { Completes } from "../command/value.ts";

/** The names of the running cocktail's objects. */
export async function namesOf(
  api: CocktailClient,
  what: Completes,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (what === "service") return (await api.services({ signal })).map(({ name }) => name);
  if (what === "variant") return (await api.variants({}, { signal })).map(({ name }) => name);
  if (what === "environment") return (await api.environments({ signal })).map(({ name }) => name);
  return [];
}
