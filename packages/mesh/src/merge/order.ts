import type { Fields } from "../fields.ts";
import { mayOverlap } from "./overlap.ts";
import type { PreparedRoute } from "./prepare.ts";
import { legacyRouteName, trailingInteger } from "./route-names.ts";

/** Explicit priority, then the older patch, then namespace and name, then the place in the patch. Independent of the order of `routes`. */
export function ordered(
  routes: readonly PreparedRoute[],
  byName: boolean,
): readonly PreparedRoute[] {
  const priority = ({ owner, route, at, count }: PreparedRoute): number =>
    owner.priority ??
    (byName ? (trailingInteger(legacyRouteName(owner.name, route, at, count)) ?? 0) : 0);
  return routes.toSorted(
    (a, b) =>
      priority(b) - priority(a) ||
      compare(a.owner.createdAt, b.owner.createdAt) ||
      compare(a.owner.namespace, b.owner.namespace) ||
      compare(a.owner.name, b.owner.name) ||
      compare(a.owner.group ?? "", b.owner.group ?? "") ||
      a.at - b.at,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A route of the target, and what of a patch it is, if it is. */
export interface PlacedRoute {
  readonly route: Fields;
  readonly merged: PreparedRoute | undefined;
}

/**
 * Base routes with merged ones among them: each right before the first base route that might take its requests, but never after a merged
 * route that it precedes. Base routes keep their order.
 */
export function interleave(
  base: readonly Fields[],
  merged: readonly PreparedRoute[],
  managed: readonly string[],
): readonly PlacedRoute[] {
  const top = base.findLastIndex(({ name }) => managed.includes(String(name))) + 1;
  const before = merged.map(({ route }) => {
    const at = base.findIndex((other, index) => index >= top && mayOverlap(other, route));
    return at < 0 ? base.length : at;
  });
  for (let at = before.length - 2; at >= 0; at--)
    before[at] = Math.min(before[at] ?? 0, before[at + 1] ?? 0);
  const placed = (index: number): readonly PlacedRoute[] =>
    merged.flatMap((one, at) => (before[at] === index ? [{ route: one.route, merged: one }] : []));
  return [
    ...base.flatMap((route, index) => [...placed(index), { route, merged: undefined }]),
    ...placed(base.length),
  ];
}
