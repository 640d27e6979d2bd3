import {
  describeMissed,
  formatVariant,
  missedAnywhere,
  own,
  type ParsedRoute,
  type Resolution,
  resolve,
  type Route,
  type RouteTable,
  type TableVariant,
} from "@cocktail/route";
import type { Problem } from "./problem.ts";

/** The variant for a request, or why it is refused. */
export type Decision = Forward | Refuse;

export interface Forward {
  readonly kind: "forward";
  /** Of the table used. */
  readonly epoch: number;
  readonly route: Route;
  readonly resolution: Resolution;
  readonly key: string;
  readonly variant: TableVariant;
}

export interface Refuse {
  readonly kind: "refuse";
  /** Of the table used. */
  readonly epoch: number;
  readonly route: Route;
  /** Absent where the table was not consulted. */
  readonly resolution: Resolution | undefined;
  readonly problem: Problem;
}

export interface DecisionInput {
  readonly parsed: ParsedRoute;
  readonly service: string;
  /** An edge checks the whole strict route, a mesh hop only its own service. */
  readonly atEdge: boolean;
  /** True where the service is configured, even without a variant. */
  readonly known: boolean;
}

/** Calls `resolve` and maps its result to HTTP. Pure; health is not an input. */
export function decide(table: RouteTable, input: DecisionInput): Decision {
  const { parsed, service } = input;
  const { route } = parsed;
  const { epoch } = table;
  const resolution = resolve(table, route, { service });
  if (route.mode === "strict") {
    const missed = strictMisses(table, input, resolution);
    if (missed.length > 0) {
      return { kind: "refuse", epoch, route, resolution, problem: strictMiss(service, missed) };
    }
  }
  const { key, variant } = resolution;
  if (key !== undefined && variant !== undefined) {
    return { kind: "forward", epoch, route, resolution, key, variant };
  }
  return { kind: "refuse", epoch, route, resolution, problem: noVariant(table, input, resolution) };
}

function strictMisses(
  table: RouteTable,
  { parsed, atEdge }: DecisionInput,
  resolution: Resolution,
): readonly string[] {
  if (!atEdge) {
    return resolution.missed.filter(({ kind }) => kind !== "environment").map(describeMissed);
  }
  const rejected = parsed.rejected.map(({ reason, text }) => `${reason} "${printable(text)}"`);
  return [...rejected, ...missedAnywhere(table, parsed.route).map(describeMissed)];
}

function strictMiss(service: string, missed: readonly string[]): Problem {
  return {
    code: "StrictMiss",
    detail: `The route is strict, and not all of it is live: ${missed.join(", ")}`,
    fix: "Deploy the missing variants, fix the route, or remove x-route-mode: strict",
    service,
    missed,
  };
}

function noVariant(
  table: RouteTable,
  { service, known }: DecisionInput,
  resolution: Resolution,
): Problem {
  const variants = Object.keys(own(table.services, service) ?? {});
  if (!known && variants.length === 0) {
    return {
      code: "UnknownService",
      detail: `There is no service ${service}`,
      fix: "Add it to the configured services, or deploy a branch of it",
      service,
    };
  }
  const live = variants.map((key) => formatVariant(service, key)).join(", ");
  return {
    code: "NoVariant",
    detail: `No live variant of ${service}: it has no stable variant, and the route names none that is live`,
    fix: live === "" ? `Start ${service}` : `Name one of its variants in the route: ${live}`,
    service,
    missed: resolution.missed.map(describeMissed),
  };
}

/** Rejected text is untrusted and goes into JSON and logs. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
