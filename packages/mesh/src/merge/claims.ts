import { canonical, type Fields, listOf } from "../fields.ts";
import { type MergeFault, reporter } from "./fault.ts";
import { claimsOf } from "./patterns.ts";
import { ownerText, type PreparedRoute, shownRoute } from "./prepare.ts";

/** Reports routes of different owners that are for the same requests: the first in the order of precedence gets them. */
export function reportClaims(routes: readonly PreparedRoute[], faults: MergeFault[]): void {
  const claimed = new Map<string, PreparedRoute>();
  const matched = new Map<string, PreparedRoute>();
  for (const one of routes) {
    const { owner, route, kind } = one;
    const report = reporter(faults, ownerText(owner), shownRoute(one));
    const rival = claimsOf(route)
      .map((claim) => [claim, firstOf(claimed, claim, one)] as const)
      .find(([, first]) => first !== undefined && first.owner !== owner);
    const twin = firstOf(matched, `${kind} ${matchText(route)}`, one);
    if (rival?.[1] !== undefined)
      report.warn(
        "DuplicateClaim",
        `${rival[0]} is routed by ${ownerText(rival[1].owner)} already.`,
      );
    else if (twin !== undefined && twin.owner !== owner)
      report.warn("EqualMatch", `${ownerText(twin.owner)} has a route with the same match.`);
  }
}

/** The first route of a text, which this one becomes if there is none. */
function firstOf(
  seen: Map<string, PreparedRoute>,
  text: string,
  one: PreparedRoute,
): PreparedRoute | undefined {
  const first = seen.get(text);
  if (first === undefined) seen.set(text, one);
  return first;
}

/** Equal for matches that differ in their order and names alone. */
function matchText({ match }: Fields): string {
  return listOf(match)
    .map(({ name: _, ...conditions }) => canonical(conditions))
    .toSorted()
    .join();
}
