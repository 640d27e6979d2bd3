import { canonical, type Fields, fieldsOf } from "../fields.ts";
import { covers, headerLists, matchesOf, singleValued } from "./overlap.ts";

/**
 * For each route the first of those before it that covers it, or undefined. Few pairs are compared: each match is filed under the rarest of
 * its conditions, and whatever it contains has that condition too.
 */
export function firstCovering(
  routes: readonly Fields[],
  isCovering: (by: Fields, route: Fields) => boolean = covers,
): readonly (number | undefined)[] {
  const asked = routes.map((route) => matchesOf(route).map(conditionsOf));
  const counts = new Map<string, number>();
  for (const text of asked.flat(2)) counts.set(text, (counts.get(text) ?? 0) + 1);
  const rarest = (conditions: readonly string[]): string =>
    conditions.reduce(
      (best, one) => ((counts.get(one) ?? 0) < (counts.get(best) ?? 0) ? one : best),
      conditions[0] ?? unconditional,
    );
  const filed = new Map<string, number[]>();
  return routes.map((route, at) => {
    const [conditions = []] = asked[at] ?? [];
    const found = [unconditional, ...conditions].flatMap(
      (text) => filed.get(text)?.find((index) => isCovering(routes[index] ?? {}, route)) ?? [],
    );
    for (const text of new Set(asked[at]?.map(rarest))) {
      const list = filed.get(text);
      if (list === undefined) filed.set(text, [at]);
      else list.push(at);
    }
    return found.length === 0 ? undefined : Math.min(...found);
  });
}

/** Where matches are filed that have no condition that whatever they contain must have too. */
const unconditional = "";

/**
 * What a match asks, of that which a match that it contains must ask in the same words. A prefix is not: a longer one follows from it.
 */
function conditionsOf(match: Fields): readonly string[] {
  const { sniHosts } = match;
  return [
    ...headerLists.flatMap((list) =>
      Object.entries(fieldsOf(match[list])).flatMap(([name, value]) => {
        const { exact, prefix, regex } = fieldsOf(value);
        const isSame = prefix === undefined && [exact, regex].every(isTextOrMissing);
        return isSame && exact !== regex ? [JSON.stringify([list, name, exact, regex])] : [];
      }),
    ),
    ...singleValued.flatMap((name) => {
      const { exact, prefix, regex } = fieldsOf(match[name]);
      const isSame = prefix === undefined && regex === undefined && typeof exact === "string";
      return isSame ? [JSON.stringify([name, exact])] : [];
    }),
    ...["port", "sourceNamespace"].flatMap((name) => {
      const value = match[name];
      const isAsked = (typeof value === "number" && value !== 0) || typeof value === "string";
      return isAsked && value !== "" ? [JSON.stringify([name, value])] : [];
    }),
    ...(sniHosts === undefined ? [] : [canonical(["sniHosts", sniHosts])]),
  ];
}

function isTextOrMissing(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
