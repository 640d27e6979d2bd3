import { isRouted, own, type ParsedRoute } from "@cocktail/route";
import type { Core } from "./core.ts";
import { decide, type Decision, type Forward } from "./decide.ts";
import { answerOwnPage, type OwnPage, ownPages } from "./entry-cookie.ts";
import { checkFraming, readTarget } from "./framing.ts";
import type { Incoming } from "./incoming.ts";
import { ownHop, traceHeader } from "./own-hop.ts";
import type { Problem } from "./problem.ts";
import { edgeRoute, meshRoute } from "./request-route.ts";
import type { MeshRole } from "./listener-role.ts";
import type { Upstream } from "./upstream.ts";

/** The decision about a request, made when its head has arrived. */
export type Admission = Admitted | NotForwarded;

export interface Admitted {
  readonly kind: "forward";
  /** Origin form, as it is forwarded. */
  readonly path: string;
  readonly parsed: ParsedRoute;
  readonly decision: Forward;
  readonly upstream: Upstream;
  /** At an edge: the request headers by which the variant was chosen (RFC 9110 12.5.5). */
  readonly vary: string | undefined;
}

/** The gateway responds itself. */
export type NotForwarded =
  | { readonly kind: "page"; readonly page: OwnPage }
  /** `OPTIONS *`: about the gateway, not about a service. */
  | { readonly kind: "server" }
  | { readonly kind: "refuse"; readonly problem: Problem; readonly headers: readonly string[] };

/** Checks framing, host and route, then calls `resolve`. Reads only the head. */
export function admit(incoming: Incoming): Admission {
  const { core, connection, head } = incoming;
  const fault = incoming.fault ?? checkFraming(incoming, head, core.limits);
  if (fault !== undefined) return refuse(fault);
  const target = readTarget(incoming.method, incoming.target, head.host);
  if (target.kind === "refused") return refuse(target.problem);
  if (target.kind === "server") return target;
  return connection.role.kind === "edge"
    ? admitAtEdge(incoming, target.path)
    : admitInMesh(incoming, target.path, connection.role);
}

function admitAtEdge(incoming: Incoming, path: string): Admission {
  const { core, method, head } = incoming;
  const table = core.table();
  const settings = core.settings();
  if (head.host === undefined) return refuse(hostMissing);
  const location = core.locator.locate(head.host, settings, table);
  if (location.kind === "refused") return refuse(location.problem);
  if (path.startsWith(ownPages)) {
    const { domain } = settings;
    const page = answerOwnPage({ method, path, host: head.host, domain }, table);
    return { kind: "page", page };
  }
  const parsed = edgeRoute(head, core.vocabulary, location.environment, (url) => {
    const page = core.locator.locate(URL.parse(url)?.host ?? "", settings, table);
    return page.kind === "entry" ? page.environment : undefined;
  });
  const input = { parsed, service: location.service, atEdge: true, known: true };
  const { ofEnvironmentHost, ofOtherHost } = core.vocabulary.vary;
  const vary = location.environment === undefined ? ofOtherHost : ofEnvironmentHost;
  return toAdmission(incoming, { path, parsed, vary }, decide(table, input));
}

function admitInMesh(
  incoming: Incoming,
  path: string,
  { caller, callee: service }: MeshRole,
): Admission {
  const { core, head } = incoming;
  const parsed = meshRoute(head, core.vocabulary);
  const known = own(core.settings().services, service) !== undefined;
  const decision = decide(core.table(), { parsed, service, atEdge: false, known });
  if (core.lostRoutes.isTracing) recordLost(core, caller, parsed, decision);
  return toAdmission(incoming, { path, parsed, vary: undefined }, decision);
}

/** HTTP/1.0 alone may leave it out. */
const hostMissing: Problem = Object.freeze({
  code: "MalformedRequest",
  detail: "No Host header: it names the service",
  fix: "Send the host of the URL; HTTP/1.0 allows it, too",
});

function recordLost(core: Core, caller: string, parsed: ParsedRoute, decision: Decision): void {
  if (isRouted(parsed.route) || parsed.rejected.length > 0) return;
  // It may belong to a request that never had a route.
  if (core.upstreams.hasUnroutedInFlight(caller)) return;
  const { resolution } = decision;
  if (resolution === undefined) return;
  const { service, key: variant, via } = resolution;
  const recorded = core.lostRoutes.record(caller, { service, variant, via, caller });
  if (recorded) core.refusals.countLost(service);
}

function toAdmission(
  { core, connection, head, upgrades }: Incoming,
  { path, parsed, vary }: Pick<Admitted, "path" | "parsed" | "vary">,
  decision: Decision,
): Admission {
  for (const { field, reason } of parsed.rejected) core.refusals.countRejected(field, reason);
  const trace = (): readonly string[] => {
    const { resolution, epoch } = decision;
    if (!head.wantsTrace || resolution === undefined) return [];
    const hop = ownHop({ role: connection.role, parsed, resolution, epoch, ms: 0 });
    return [core.vocabulary.names.trace, traceHeader(hop, undefined, [])];
  };
  if (decision.kind === "refuse") return refuse(decision.problem, trace());
  const { key, variant, resolution } = decision;
  const upstream = core.upstreams.of(resolution.service, key, variant);
  if (upstream !== undefined) {
    if (upgrades && core.upgrades >= core.limits.upgrades) return refuse(tooManyUpgrades(core));
    return { kind: "forward", path, parsed, decision, upstream, vary };
  }
  const label = `${resolution.service}:${key}`;
  const problem: Problem = {
    code: "VariantUnavailable",
    detail: `${label} has no address yet`,
    fix: `See the conditions of ${label}`,
    service: resolution.service,
    variant: label,
  };
  return refuse(problem, trace());
}

function refuse(problem: Problem, headers: readonly string[] = []): Admission {
  return { kind: "refuse", problem, headers };
}

function tooManyUpgrades({ limits }: Core): Problem {
  return {
    code: "TooManyConnections",
    detail: `${limits.upgrades} upgraded connections are open`,
    fix: "Close some, or raise the gateway's limit",
    close: true,
  };
}
