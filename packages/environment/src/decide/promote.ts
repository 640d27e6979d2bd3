import {
  RC,
  type RouteTable,
  STABLE,
  type TableVariant,
  formatVariant,
  own,
} from "@cocktail/route";
import type { DesiredVariant } from "../desired.ts";
import type { Source } from "../source.ts";
import type { StoredState } from "../state.ts";
import { type Decision, refused } from "./decision.ts";
import { counterOf, findLiveVariant, findService } from "./lookup.ts";

/**
 * The candidate's revision becomes what stable wants; the table that lists stable's new incarnation no longer lists the
 * candidate. Only a candidate that serves can be promoted, and exactly that one.
 */
export function decidePromote(
  state: StoredState,
  table: RouteTable,
  service: string,
  now: number,
): Decision<{ readonly variant: DesiredVariant }> {
  const serving = servingCandidate(state, table, service);
  if (serving === undefined) return nothingToPromote(service, findLiveVariant(state, service, RC));
  const { candidate, entry } = serving;

  const stable = findLiveVariant(state, service, STABLE);
  if (stable !== undefined && isUnderWay(state, stable, candidate.generation)) {
    return { kind: "decided", outcome: "unchanged", changes: [], warnings: [], variant: stable };
  }
  if (candidate.source.kind === "branch" && entry.revision.endsWith("-dirty")) {
    return refused(
      "UNCOMMITTED_WORK",
      "UncommittedWork",
      `${formatVariant(service, RC)} runs work that is not committed, so stable could not run the same`,
      "commit it, deploy the candidate again, then promote it",
    );
  }
  const createdAt = stable?.createdAt ?? now;
  const variant = { ...promoted(state, candidate, entry, now), createdAt };
  return {
    kind: "decided",
    outcome: stable === undefined ? "created" : "updated",
    changes: [{ kind: "PutVariant", variant }],
    warnings: [],
    variant,
  };
}

/** The candidate and its entry, where what the table lists is its newest deploy. */
function servingCandidate(
  state: StoredState,
  table: RouteTable,
  service: string,
): { readonly candidate: DesiredVariant; readonly entry: TableVariant } | undefined {
  const candidate = findLiveVariant(state, service, RC);
  const entry = own(own(table.services, service) ?? {}, RC);
  if (candidate === undefined || entry === undefined) return undefined;
  const isNewest = generationOf(state, service, entry) === candidate.generation;
  return isNewest ? { candidate, entry } : undefined;
}

function promoted(
  state: StoredState,
  candidate: DesiredVariant,
  entry: TableVariant,
  now: number,
): DesiredVariant {
  const { service } = candidate;
  return {
    ...candidate,
    key: STABLE,
    generation: counterOf(state, service, STABLE).generation + 1,
    source: pinned(candidate.source, entry),
    onUnavailable: "Fail",
    expiresAt: undefined,
    promotion: {
      entryHash: findService(state, service)?.entryHash ?? "",
      rcGeneration: candidate.generation,
      revision: entry.revision,
      at: now,
    },
  };
}

function generationOf(
  state: StoredState,
  service: string,
  entry: TableVariant,
): number | undefined {
  return state.incarnations.find(
    (each) => each.service === service && each.key === RC && each.number === entry.incarnation,
  )?.generation;
}

/** Promoted already and not failed: asking again changes nothing. */
function isUnderWay(state: StoredState, stable: DesiredVariant, rcGeneration: number): boolean {
  if (stable.promotion?.rcGeneration !== rcGeneration) return false;
  const hasFailed = state.incarnations.some(
    (each) =>
      each.service === stable.service &&
      each.key === STABLE &&
      each.generation === stable.generation &&
      each.failure !== undefined,
  );
  return !hasFailed;
}

/** A branch moves on; what was tried as the candidate is one commit of it. */
function pinned(source: Source, entry: TableVariant): Source {
  return source.kind === "branch" ? { ...source, revision: entry.revision } : source;
}

function nothingToPromote(
  service: string,
  candidate: DesiredVariant | undefined,
): Extract<Decision, { kind: "refused" }> {
  const name = formatVariant(service, RC);
  if (candidate === undefined) {
    return refused(
      "NOT_FOUND",
      "NothingToPromote",
      `${service} has no release candidate`,
      `deploy one: cocktail rc deploy ${service} --branch NAME`,
    );
  }
  return refused(
    "CONFLICT",
    "NothingToPromote",
    `${name} does not serve its newest deploy yet`,
    `wait until it is ready: cocktail branch get ${name}`,
  );
}
