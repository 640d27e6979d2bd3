import type { UncommittedWork, VariantObject } from "@cocktail/environment";
import type { Platform } from "../engine/platform.ts";

/** The uncommitted work of variants that may be about to be destroyed. */
export async function workIn(
  platform: Pick<Platform, "uncommittedWork">,
  variants: readonly VariantObject[],
): Promise<UncommittedWork> {
  const found = new Map<string, readonly string[]>();
  for (const { name, spec } of variants)
    found.set(name, await platform.uncommittedWork(spec.service, spec.key));
  return found;
}
