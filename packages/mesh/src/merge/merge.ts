import { bytesOf, canonical, listOf, nameOf } from "../fields.ts";
import { defaultMeshNames } from "../istio/names.ts";
import { adopt } from "./adopt.ts";
import { mayBegin } from "./begin.ts";
import { reportClaims } from "./claims.ts";
import { type MergeFault, type Reporter, reporter } from "./fault.ts";
import { ledgerAnnotation, type OwnedRoute, recordBytes, strip } from "./ledger.ts";
import { type RouteKind, routeKinds } from "./route-kind.ts";
import { withNames } from "./names-in-target.ts";
import { interleave, ordered } from "./order.ts";
import { reportPlaces } from "./places.ts";
import { ownerText, prepare, type PreparedRoute, shownRoute } from "./prepare.ts";
import { checkTarget } from "./target.ts";
import type { MergeOptions, MergeResult, Patch, RawVirtualService } from "./types.ts";
import { type PlacedLists, writeTarget } from "./write-target.ts";

/**
 * A VirtualService with the routes of ALL its patches, and none that an earlier merge put there and no patch has now. For charts that
 * can't carry the delegate line. Computed anew each time, so that neither the history nor the order of `patches` matters: merging twice
 * changes nothing, and merging no patches gives back the base, byte for byte.
 */
export function merge(
  target: RawVirtualService,
  patches: readonly Patch[],
  options: MergeOptions = {},
): MergeResult {
  const settings = { ...defaults, ...options };
  const faults: MergeFault[] = [];
  const report = reporter(faults);
  const stripped = strip(target);
  if (!stripped.isReadable)
    report.warn(
      "UnreadableLedger",
      `The annotation ${ledgerAnnotation} can't be read and is replaced: only routes with names of Cocktail were removed.`,
    );
  const isMergeable = checkTarget(stripped.base, settings.facts, report);
  const prepared = patches
    .flatMap((one) => prepare(one, target, settings, faults))
    .filter((one) => mayBegin(one, target, { ...settings, ledger: stripped.ledger, faults }));
  const isLegacy = settings.naming === "compatibility";
  const wanted = isMergeable ? ordered(prepared, isLegacy) : [];
  const { base, adopted } = adopt(stripped.base, wanted, faults);
  const routes = withinLimits(base, withNames(base, wanted, isLegacy, faults), faults);
  const placed = place(base, routes, settings.facts.managedRoutes ?? []);
  reportClaims(routes, faults);
  for (const kind of routeKinds) reportPlaces(placed[kind], faults);
  const kept = lastRoute(placed, [...stripped.owned, ...adopted], report);
  const written = writeTarget(base, placed, kept);
  return {
    virtualService: canonical(written) === canonical(target) ? target : written,
    effective: effectiveOf(routes, placed),
    faults: inOrder(faults),
  };
}

const defaults: Required<MergeOptions> = {
  facts: {},
  names: defaultMeshNames,
  naming: "unique",
  tighten: true,
};

/** What stays of a target that would have no route at all: Istio refuses it, and the patch could never be deleted. */
function lastRoute(
  placed: PlacedLists,
  owned: readonly OwnedRoute[],
  report: Reporter,
): OwnedRoute | undefined {
  const isEmpty = routeKinds.every((kind) => placed[kind].length === 0);
  const kept = isEmpty ? owned.at(-1) : undefined;
  if (kept !== undefined)
    report.warn(
      "LastRouteKept",
      "Istio refuses a VirtualService without routes: the last one stays, although no patch has it. Give the VirtualService a route of its own, or delete it.",
    );
  return kept;
}

/** The target without anything that was merged, as it is left when the last patch is deleted. */
export function unmerge(target: RawVirtualService): RawVirtualService {
  return merge(target, []).virtualService;
}

const maxRoutes = 2_000;
const maxBytes = 1_000_000;
/** Kubernetes refuses more, of all annotations together: the record is one. */
const maxAnnotationBytes = 256 * 1024;

/** etcd refuses objects over 1.5 MiB, and proxies suffer before. The last in the order of precedence are left out. */
function withinLimits(
  base: RawVirtualService,
  routes: readonly PreparedRoute[],
  faults: MergeFault[],
): readonly PreparedRoute[] {
  const ofLedger = 256;
  let annotations = bytesOf(base.metadata.annotations ?? {}) + ofLedger;
  let bytes = bytesOf(base) + ofLedger;
  let room: number | undefined;
  return routes.filter((one, at) => {
    const ofRecord = recordBytes(nameOf(one.route), one.owner);
    annotations += ofRecord;
    bytes += bytesOf(one.route) + ofRecord;
    if (at >= maxRoutes || bytes > maxBytes || annotations > maxAnnotationBytes) room ??= at;
    if (room === undefined) return true;
    const report = reporter(faults, ownerText(one.owner), shownRoute(one));
    report.error(
      "TooManyRoutes",
      `The target has room for ${room} routes of patches: remove some.`,
    );
    return false;
  });
}

function place(
  base: RawVirtualService,
  routes: readonly PreparedRoute[],
  managed: readonly string[],
): PlacedLists {
  const of = (kind: RouteKind): PlacedLists[RouteKind] =>
    interleave(
      listOf(base.spec[kind]),
      routes.filter((one) => one.kind === kind),
      managed,
    );
  return { http: of("http"), tcp: of("tcp"), tls: of("tls") };
}

function effectiveOf(
  routes: readonly PreparedRoute[],
  placed: PlacedLists,
): MergeResult["effective"] {
  const places = new Map(
    routeKinds.flatMap((kind) => placed[kind].map(({ merged }, at) => [merged, at] as const)),
  );
  return [...Map.groupBy(routes, ({ owner }) => owner)].map(([owner, own]) => ({
    owner,
    routes: own.map((one) => ({
      kind: one.kind,
      name: one.kind === "http" ? String(one.route["name"]) : undefined,
      index: places.get(one) ?? -1,
    })),
  }));
}

/** Independent of the order in which patches were looked at. */
function inOrder(faults: readonly MergeFault[]): readonly MergeFault[] {
  const keyed = faults.map((fault) => {
    const { owner = "", route = "", reason, message } = fault;
    return { fault, key: JSON.stringify([owner, route, reason, message]) };
  });
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ fault }) => fault);
}
