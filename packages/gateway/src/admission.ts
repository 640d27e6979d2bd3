import { isRouted, own, type ParsedRoute } from "@cocktail/route";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { decide, type Forward, type Refuse } from "./decide.ts";
import { answerOwnPage, type OwnPage, ownPages } from "./entry-cookie.ts";
import { checkFraming, type StartLine } from "./framing.ts";
import type { Head } from "./head.ts";
import { ownHop, traceHeader } from "./own-hop.ts";
import type { Problem } from "./problem.ts";
import { wantsTrace } from "./request-headers.ts";
import { edgeRoute, meshRoute } from "./request-route.ts";
import { readTarget } from "./target.ts";
import type { Upstream } from "./upstream.ts";

/** What is to be done with a request, decided when its head is there. */
export type Admission =
  | { readonly kind: "forward"; readonly admitted: Admitted }
  | { readonly kind: "page"; readonly page: OwnPage }
  /** `OPTIONS *`: about the gateway, not about a service. */
  | { readonly kind: "server" }
  | { readonly kind: "refuse"; readonly problem: Problem; readonly headers: readonly string[] };

export interface Admitted {
  readonly path: string;
  readonly parsed: ParsedRoute;
  readonly decision: Forward;
  readonly upstream: Upstream;
}

/** The whole of the gateway's choice: framing, host, route, `resolve`. Nothing is read but the head. */
export function admit(core: Core, connection: Connection, line: StartLine, head: Head): Admission {
  const fault = checkFraming(line, head, core.limits);
  if (fault !== undefined) return refuse(fault);
  const target = readTarget(line.method, line.target, head.host);
  if (target.kind === "refused") return refuse(target.problem);
  if (target.kind === "server") return target;
  return connection.place.kind === "edge"
    ? admitAtEdge(core, connection, { method: line.method, path: target.path, head })
    : admitInMesh(core, connection, { method: line.method, path: target.path, head });
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly head: Head;
}

function admitAtEdge(core: Core, connection: Connection, { method, path, head }: Asked): Admission {
  const table = core.table();
  const settings = core.settings();
  const location = core.locator.locate(head.host ?? "", settings, table);
  if (location.kind === "refused") return refuse(location.problem);
  if (path.startsWith(ownPages)) {
    const { domain } = settings;
    return {
      kind: "page",
      page: answerOwnPage({ method, path, host: head.host ?? "", domain }, table),
    };
  }
  const parsed = edgeRoute(head, core.vocabulary, location.environment);
  const question = { parsed, service: location.service, atEdge: true, known: true };
  return settle(core, connection, { path, head, parsed }, decide(table, question));
}

function admitInMesh(core: Core, connection: Connection, { path, head }: Asked): Admission {
  const service = connection.place.kind === "mesh" ? connection.place.callee : "";
  const parsed = meshRoute(head, core.vocabulary);
  const known = own(core.settings().services, service) !== undefined;
  const decision = decide(core.table(), { parsed, service, atEdge: false, known });
  if (core.lost.watching) noteLost(core, connection, parsed, decision);
  return settle(core, connection, { path, head, parsed }, decision);
}

function noteLost(
  core: Core,
  { place }: Connection,
  parsed: ParsedRoute,
  decision: Forward | Refuse,
): void {
  if (place.kind !== "mesh" || isRouted(parsed.route) || parsed.rejected.length > 0) return;
  // It may well belong to a request that never had a route.
  if (core.upstreams.isUnroutedInFlight(place.caller)) return;
  const { resolution } = decision;
  if (resolution === undefined) return;
  const { service, key: variant, via } = resolution;
  const noted = core.lost.note(place.caller, { service, variant, via, caller: place.caller });
  if (noted) core.refusals.countLost(service);
}

interface Routed {
  readonly path: string;
  readonly head: Head;
  readonly parsed: ParsedRoute;
}

function settle(
  core: Core,
  connection: Connection,
  { path, head, parsed }: Routed,
  decision: Forward | Refuse,
): Admission {
  for (const { field, reason } of parsed.rejected) core.refusals.countRejected(field, reason);
  const trace = (): readonly string[] => {
    const { resolution, epoch } = decision;
    if (!wantsTrace(head) || resolution === undefined) return [];
    const hop = ownHop({ place: connection.place, parsed, resolution, epoch, ms: 0 });
    return [core.vocabulary.names.trace, traceHeader(hop, undefined, [])];
  };
  if (decision.kind === "refuse") return refuse(decision.problem, trace());
  const { key, variant, resolution } = decision;
  const upstream = core.upstreams.of(resolution.service, key, variant);
  if (upstream !== undefined) {
    return { kind: "forward", admitted: { path, parsed, decision, upstream } };
  }
  const label = `${resolution.service}:${key}`;
  const problem: Problem = {
    code: "VariantUnavailable",
    detail: `${label} has no address yet`,
    fix: `The conditions of ${label} say why`,
    service: resolution.service,
    variant: label,
  };
  return refuse(problem, trace());
}

function refuse(problem: Problem, headers: readonly string[] = []): Admission {
  return { kind: "refuse", problem, headers };
}
