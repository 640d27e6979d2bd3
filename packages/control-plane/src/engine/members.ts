import { type MemberFact, type Objects, currentConditions, isLive } from "@cocktail/environment";
import { type RouteTable, formatVariant, own } from "@cocktail/route";

/** An environment's own members: explicit ones, and implicit ones whose key is its name. Explicit members win. */
export function ownMembers(
  objects: Pick<Objects, "environments" | "ofKey">,
  table: Pick<RouteTable, "environments">,
  name: string,
): Readonly<Record<string, string>> {
  const explicit = objects.environments.get(name)?.spec.members ?? {};
  const implicit = objects
    .ofKey(name)
    .filter(isLive)
    .map(({ spec: { service, key } }) => [service, key] as const);
  const inTable = Object.entries(own(table.environments, name)?.members ?? {}).filter(
    ([, key]) => key === name,
  );
  return Object.fromEntries([...inTable, ...implicit, ...Object.entries(explicit)]);
}

/** The readiness of the members, from their statuses. */
export function memberFacts(
  {
    objects,
    table,
    platform,
  }: {
    readonly objects: Pick<Objects, "environments" | "ofKey" | "variants">;
    readonly table: Pick<RouteTable, "environments">;
    readonly platform: { readonly host: string };
  },
  name: string,
): readonly MemberFact[] {
  return Object.entries(ownMembers(objects, table, name)).map(([service, key]): MemberFact => {
    const variant = objects.variants.get(formatVariant(service, key));
    if (variant === undefined || !isLive(variant)) return { service, key, ready: undefined };
    const conditions = currentConditions(variant, platform.host);
    return { service, key, ready: conditions.find(({ type }) => type === "Ready") };
  });
}
