import { renderPinRegex } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { fieldsOf } from "../fields.ts";
import type { MeshNames } from "../istio/names.ts";
import type { GammaHeader, GammaMatch, GammaRule } from "./objects.ts";

const maxMatches = 64;
const maxMatchesOfRoute = 127;
const maxRules = 16;

/**
 * The headers by which requests of one variant are told, each list one match. The path decides before headers, and then the NUMBER of
 * headers: a pin with an environment beside it has two, and beats the environment, which has one.
 */
export function variantHeaders(
  { service, environments }: ServiceDecisions,
  key: string,
  { headers }: Pick<MeshNames, "headers">,
): readonly (readonly GammaHeader[])[] {
  const pin: GammaHeader = {
    type: "RegularExpression",
    name: headers.pins,
    value: renderPinRegex(service, key),
  };
  const any: GammaHeader = { type: "RegularExpression", name: headers.environment, value: ".*" };
  const layers = environments.flatMap(([environment, member]): (readonly GammaHeader[])[] =>
    member === key ? [[{ type: "Exact", name: headers.environment, value: environment }]] : [],
  );
  return [[pin], [pin, any], ...layers];
}

/** The base's rules under each of these conditions, each with every path of the base: a rule without it would lose to the base's path. */
export function conditionalRules(
  base: readonly GammaRule[],
  conditions: readonly (readonly GammaHeader[])[],
  change: (rule: GammaRule) => GammaRule,
): readonly GammaRule[] {
  return base.flatMap((rule) => {
    const own: readonly GammaMatch[] =
      rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches;
    const matches = conditions.flatMap((headers) =>
      own.map((match): GammaMatch => ({
        ...match,
        headers: [...(match.headers ?? []), ...headers],
      })),
    );
    return chunks(matches, replacesPrefix(rule) ? 1 : maxMatches).map((some) => ({
      ...change(rule),
      matches: some,
    }));
  });
}

/** The Gateway API accepts one match in a rule whose rewrite or redirect replaces the matched prefix. */
function replacesPrefix({ filters = [] }: GammaRule): boolean {
  return filters.some((filter) =>
    ["urlRewrite", "requestRedirect"].some(
      (name) => fieldsOf(fieldsOf(filter[name])["path"])["type"] === "ReplacePrefixMatch",
    ),
  );
}

/** Rules in as many lists as the limits of one HTTPRoute want. */
export function inRoutes(rules: readonly GammaRule[]): readonly (readonly GammaRule[])[] {
  const lists: GammaRule[][] = [];
  let matches = Infinity;
  for (const rule of rules) {
    const count = rule.matches?.length ?? 1;
    if (matches + count > maxMatchesOfRoute || (lists.at(-1)?.length ?? 0) === maxRules) {
      lists.push([]);
      matches = 0;
    }
    lists.at(-1)?.push(rule);
    matches += count;
  }
  return lists;
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}
