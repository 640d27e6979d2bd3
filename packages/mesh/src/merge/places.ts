import type { Fields } from "../fields.ts";
import { type MergeFault, reporter } from "./fault.ts";
import { firstCovering } from "./covering.ts";
import type { PlacedRoute } from "./order.ts";
import { comparisonsOf, covers } from "./overlap.ts";
import { ownerText, shownRoute } from "./prepare.ts";

/**
 * Of two matches: half a second. A patch of thousands of matches would otherwise keep the merges of all targets waiting for minutes, for the
 * sake of warnings.
 */
const maxComparisons = 1_000_000;

/** Reports routes of patches that no request reaches, and base routes that none reaches any more. */
export function reportPlaces(placed: readonly PlacedRoute[], faults: MergeFault[]): void {
  let left = maxComparisons;
  const isCovering = (by: Fields, route: Fields): boolean => {
    // Routes of one match are bounded by the number of routes.
    left -= comparisonsOf(by, route) - 1;
    return left >= 0 && covers(by, route);
  };
  const covering = firstCovering(
    placed.map(({ route }) => route),
    isCovering,
  );
  const base = [...placed.entries()].filter(([, { merged }]) => merged === undefined);
  for (const [at, { route, merged }] of placed.entries()) {
    if (merged === undefined) continue;
    const report = reporter(faults, ownerText(merged.owner), shownRoute(merged));
    const earlier = placed[covering[at] ?? -1];
    if (earlier !== undefined)
      report.warn("ShadowedRoute", `${nameOf(earlier)} takes all requests of this route.`);
    const hidden = base.find(([index, one]) => index > at && isCovering(route, one.route));
    if (hidden !== undefined)
      report.warn(
        "HidesBaseRoute",
        `${nameOf(hidden[1])} of the target gets no requests any more.`,
      );
  }
}

function nameOf({ route, merged }: PlacedRoute): string {
  const name = textOf(route);
  return merged === undefined ? name : `${name} of ${ownerText(merged.owner)}`;
}

function textOf({ name }: Fields): string {
  return typeof name === "string" && name !== "" ? `The route ${name}` : "A route without a name";
}
