import { type Fields, nameOf } from "../fields.ts";
import {
  hashOf,
  ledgerAnnotation,
  type LedgerEntry,
  type OwnedRoute,
  writeLedger,
} from "./ledger.ts";
import { type RouteKind, routeKinds } from "./route-kind.ts";
import type { PlacedRoute } from "./order.ts";
import type { RawVirtualService } from "./types.ts";

export type PlacedLists = Readonly<Record<RouteKind, readonly PlacedRoute[]>>;

/** The base with the routes of its patches and the record of them. The base itself where there are none. */
export function writeTarget(
  base: RawVirtualService,
  placed: PlacedLists,
  kept: OwnedRoute | undefined,
): RawVirtualService {
  const recorded = routeKinds.flatMap((kind) => recordedOf(kind, placed[kind], kept));
  if (recorded.length === 0) return base;
  const added = routeKinds.filter(
    (kind) => base.spec[kind] === undefined && recorded.some((one) => one.kind === kind),
  );
  const changed = routeKinds
    .filter((kind) => recorded.some((one) => one.kind === kind))
    .map((kind) => {
      const routes = placed[kind].map(({ route }) => route);
      return [kind, kept?.kind === kind ? [...routes, kept.route] : routes] as const;
    });
  const spec = { ...base.spec, ...Object.fromEntries(changed) };
  const rows = (kind: RouteKind): readonly LedgerEntry[] =>
    recorded.flatMap((one) => (one.kind === kind ? [one.entry] : []));
  const text = writeLedger({
    http: new Map(
      recorded.flatMap(({ kind, name, entry }) => (kind === "http" ? [[name, entry]] : [])),
    ),
    tcp: rows("tcp"),
    tls: rows("tls"),
    added: [...added, ...(base.metadata.annotations === undefined ? ["annotations"] : [])],
  });
  const annotations = { ...base.metadata.annotations, [ledgerAnnotation]: text };
  return { ...base, metadata: { ...base.metadata, annotations }, spec };
}

interface Recorded {
  readonly kind: RouteKind;
  readonly name: string;
  readonly entry: LedgerEntry;
}

function recordedOf(
  kind: RouteKind,
  placed: readonly PlacedRoute[],
  kept: OwnedRoute | undefined,
): readonly Recorded[] {
  const named = (route: Fields, uid: string, generation: number): Recorded => ({
    kind,
    name: nameOf(route),
    entry: { uid, generation, hash: hashOf(route) },
  });
  const merged = placed.flatMap(({ route, merged: one }) =>
    one === undefined ? [] : [named(route, one.owner.uid, one.owner.generation)],
  );
  if (kept?.kind !== kind) return merged;
  const { uid = "", generation = 0 } = kept.entry ?? {};
  return [...merged, named(kept.route, uid, generation)];
}
