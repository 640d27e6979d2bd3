import { type MemberFact, variantConditions } from "@cocktail/environment";
import { formatVariant, own } from "@cocktail/route";
import type { Core } from "./core.ts";
import { type Sources, observeVariant } from "./observe.ts";

/** An environment's own members: those it names, and those whose key is its name. The first win. */
export function ownMembers(sources: Sources, name: string): Readonly<Record<string, string>> {
  const { state } = sources.state;
  const explicit = state.environments.find((each) => each.name === name)?.members ?? {};
  const implicit = state.variants
    .filter((each) => !each.deleted && each.key === name)
    .map(({ service, key }) => [service, key] as const);
  const inTable = Object.entries(own(sources.table.environments, name)?.members ?? {}).filter(
    ([, key]) => key === name,
  );
  return Object.fromEntries([...inTable, ...implicit, ...Object.entries(explicit)]);
}

/** How they do: each with its own Ready. */
export function memberFacts(
  core: Pick<Core, "clock" | "policy">,
  sources: Sources,
  name: string,
): readonly MemberFact[] {
  return Object.entries(ownMembers(sources, name)).map(([service, key]): MemberFact => {
    const desired = sources.state.variant(formatVariant(service, key));
    if (desired === undefined || desired.deleted) return { service, key, ready: undefined };
    const { observed } = observeVariant(sources, { service, key });
    const facts = variantConditions(desired, observed, core.clock.now(), core.policy);
    return { service, key, ready: facts.find(({ type }) => type === "Ready") };
  });
}
