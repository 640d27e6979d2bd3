import { listOf } from "../fields.ts";
import { type MergeFault, reporter } from "./fault.ts";
import { ownerText, type PreparedRoute, shownRoute } from "./prepare.ts";
import { legacyRouteName, ownRouteName } from "./route-names.ts";
import type { RawVirtualService } from "./types.ts";

/** The routes with the names that they get in the target. No two routes of it have the same one because of us. */
export function withNames(
  base: RawVirtualService,
  routes: readonly PreparedRoute[],
  compatible: boolean,
  faults: MergeFault[],
): readonly PreparedRoute[] {
  const taken = new Set(listOf(base.spec["http"]).map(({ name }) => name));
  return routes.map((one): PreparedRoute => {
    if (one.kind !== "http") return one;
    const { owner, route, at, count, label } = one;
    const unique = ownRouteName(owner, label);
    const wanted = compatible ? legacyRouteName(owner.name, route, at, count) : unique;
    const name = taken.has(wanted) ? unique : wanted;
    if (name !== wanted)
      reporter(faults, ownerText(owner), shownRoute(one)).warn(
        "NameTaken",
        `The name ${wanted} is another route's: this one is ${name}.`,
      );
    taken.add(name);
    return { ...one, route: { ...route, name } };
  });
}
