import { type Fields, fieldsOf, isFields, textsOf } from "../fields.ts";
import { fullHost, type MeshNames } from "../istio/names.ts";
import { checkRoute } from "./check-route.ts";
import { type MergeFault, type Reporter, reporter } from "./fault.ts";
import { type RouteKind, routeKinds } from "./route-kind.ts";
import { matchesAll } from "./overlap.ts";
import { withExactPatterns } from "./patterns.ts";
import { withNewSpellings } from "./spellings.ts";
import type { MergeFacts, Patch, PatchOwner, RawVirtualService } from "./types.ts";

/** A route of a patch that may be merged. */
export interface PreparedRoute {
  readonly kind: RouteKind;
  readonly owner: PatchOwner;
  /** As it will be written. */
  readonly route: Fields;
  /** As its author wrote it. */
  readonly original: Fields;
  /** Its place in the patch, among routes of its kind, and how many there are. */
  readonly at: number;
  readonly count: number;
  /** What its author called it, else its place: unique in the patch. */
  readonly label: string;
}

export interface PrepareOptions {
  readonly facts: MergeFacts;
  readonly names: MeshNames;
  readonly tighten: boolean;
}

const maxRoutesOfPatch = 100;
const ignoredFields = ["hosts", "gateways", "exportTo"];

export function ownerText({ namespace, name, group }: PatchOwner): string {
  return group === undefined ? `${namespace}/${name}` : `${namespace}/${name} (${group})`;
}

/** What the author of a route calls it in messages. */
export function shownRoute({ kind, at }: Pick<PreparedRoute, "kind" | "at">): string {
  return `${kind}[${at}]`;
}

/** The routes of a patch that may be merged into the target. Each fault costs one route at most. */
export function prepare(
  { owner, patch }: Patch,
  target: RawVirtualService,
  options: PrepareOptions,
  faults: MergeFault[],
): readonly PreparedRoute[] {
  const report = reporter(faults, ownerText(owner));
  if (!isFields(patch)) {
    report.error("InvalidPatch", "The patch is not an object with http, tcp or tls.");
    return [];
  }
  for (const field of ignoredFields.filter((name) => patch[name] !== undefined))
    report.warn("IgnoredField", `${field} of a patch has no effect: the target's counts.`);
  return routeKinds.flatMap((kind) => {
    const routes = patch[kind] ?? [];
    if (!Array.isArray(routes)) {
      report.error("InvalidPatch", `${kind} is not a list.`);
      return [];
    }
    if (routes.length > maxRoutesOfPatch) {
      report.error(
        "TooManyRoutes",
        `${kind} has over ${maxRoutesOfPatch} routes: divide the patch.`,
      );
      return [];
    }
    const labels = new Set<string>();
    return routes.flatMap((route: unknown, at) => {
      const one = reporter(faults, ownerText(owner), shownRoute({ kind, at }));
      const checked = prepareRoute(route, kind, { target, options, report: one });
      if (checked === undefined) return [];
      const place = { kind, owner, at, count: routes.length };
      const label = labelOf(checked.route, at, labels);
      return [{ ...place, ...checked, label }];
    });
  });
}

function labelOf({ name }: Fields, at: number, used: Set<string>): string {
  const label = typeof name === "string" && name !== "" && !used.has(name) ? name : `#${at}`;
  used.add(label);
  return label;
}

interface Context {
  readonly target: RawVirtualService;
  readonly options: PrepareOptions;
  readonly report: Reporter;
}

function prepareRoute(
  route: unknown,
  kind: RouteKind,
  { target, options, report }: Context,
): Pick<PreparedRoute, "route" | "original"> | undefined {
  if (!isFields(route)) {
    report.error("InvalidRoute", "The route is not an object.");
    return undefined;
  }
  const fault = checkRoute(route, kind, textsOf(target.spec["hosts"]));
  if (fault !== undefined) {
    report.error("InvalidRoute", `The route ${fault}.`);
    return undefined;
  }
  if (matchesAll(route, kind)) {
    const what = "The route matches all traffic and would hide the target's own routes";
    report.error("MatchesAllTraffic", `${what}: add a match, such as a header.`);
    return undefined;
  }
  if (!destinationsExist(route, { target, options, report })) return undefined;
  const spelled = withNewSpellings(route, report);
  return { route: withExactPatterns(spelled, options.tighten, report), original: route };
}

/** Nothing falls back in Istio: a route to what doesn't exist answers 503. */
function destinationsExist({ route }: Fields, { target, options, report }: Context): boolean {
  const { services } = options.facts;
  if (services === undefined || !Array.isArray(route)) return true;
  const namespace = target.metadata.namespace ?? "default";
  const ending = `.svc.${options.names.clusterDomain}`;
  return route.every((one: unknown) => {
    const { host, subset } = fieldsOf(fieldsOf(one)["destination"]);
    const full = fullHost(String(host), namespace, options.names);
    if (!full.endsWith(ending)) return true;
    const known = Object.hasOwn(services, full) ? services[full] : undefined;
    if (known === undefined) {
      report.error("MissingService", `There is no Service ${full}.`);
      return false;
    }
    if (typeof subset !== "string" || subset === "") return true;
    if (known.subsets === undefined || known.subsets.includes(subset)) return true;
    report.error("UnknownSubset", `No DestinationRule of ${full} has the subset ${subset}.`);
    return false;
  });
}
