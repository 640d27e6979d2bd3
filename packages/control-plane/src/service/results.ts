import type { DeployResult, EnvironmentResult, PlannedAction } from "@cocktail/client";
import type { Decided } from "@cocktail/environment";
import { environmentViews } from "./view-environment.ts";
import { type ViewSources, viewVariant } from "./view-variant.ts";

export function deployResult(
  { outcome, warnings, variant: name }: Decided<{ readonly variant: string }>,
  plan: readonly PlannedAction[],
  sources: ViewSources,
): DeployResult {
  const found = sources.objects.variants.get(name);
  if (found === undefined) throw new Error(`${name} was stored but is missing from the cache`);
  const { generation } = found;
  return { outcome, generation, variant: viewVariant(sources, found), plan, warnings };
}

export function environmentResult(
  name: string,
  { outcome, warnings }: Decided,
  plan: readonly PlannedAction[],
  sources: ViewSources,
): EnvironmentResult {
  return { outcome, environment: environmentViews(sources).view(name), plan, warnings };
}
