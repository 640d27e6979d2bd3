import { type ConditionFact, expiringFact } from "./condition.ts";
import type { DesiredVariant } from "./desired.ts";
import type { ObservedIncarnation, ObservedVariant, WorkloadPhase } from "./observed.ts";
import { type Policy, defaultPolicy } from "./policy.ts";
import type { Reason } from "./reasons.ts";
import {
  type Serving,
  embodiment,
  isWanted,
  sameEntry,
  servingOf,
  standingFailure,
} from "./serving.ts";

type Status = ConditionFact["status"];
interface Finding {
  readonly status: Status;
  readonly reason: string;
  readonly message: string;
}

const phaseReasons: Readonly<Record<WorkloadPhase, Reason>> = {
  Absent: "WorkloadLost",
  Preparing: "Preparing",
  Starting: "Starting",
  Ready: "Running",
  NotReady: "NotReady",
  CrashLoop: "CrashLoop",
  Failed: "WorkloadFailed",
};

/**
 * The conditions of a variant, about its wanted generation: Ready is true only when a request through the gateway was
 * answered by an incarnation of it. `Degraded` says that an older one serves meanwhile.
 */
export function variantConditions(
  desired: DesiredVariant,
  observed: ObservedVariant,
  now: number,
  policy: Policy = defaultPolicy,
): readonly ConditionFact[] {
  const serving = servingOf(desired, observed);
  const workload = workloadFinding(desired, observed);
  const routes = routesFinding(desired, observed, serving);
  const ready = isWanted(desired, observed.promoted)
    ? readyFinding(workload, routes, previousServes(desired, serving))
    : finding("False", "Terminating", "it is being destroyed");
  const observedGeneration = desired.generation;
  const conditions: ConditionFact[] = [
    { type: "Ready", ...ready, observedGeneration },
    { type: "WorkloadReady", ...workload, observedGeneration },
    { type: "RoutesProgrammed", ...routes, observedGeneration },
  ];
  const degraded = degradedFinding(desired, serving);
  if (degraded !== undefined)
    conditions.push({ type: "Degraded", ...degraded, observedGeneration });
  const expiring = expiringFact(
    { expiresAt: desired.expiresAt, uncommittedWork: observed.uncommittedWork },
    { now, soonMs: policy.expiresSoonMs, observedGeneration },
  );
  if (expiring !== undefined) conditions.push(expiring);
  return conditions;
}

function workloadFinding(desired: DesiredVariant, observed: ObservedVariant): Finding {
  const failure = standingFailure(desired, observed)?.record.failure;
  if (failure !== undefined) return finding("False", failure.reason, failure.message);
  const incarnation = embodiment(desired, observed);
  if (incarnation === undefined)
    return finding("False", "Deploying", "the next incarnation is about to be made");
  return phaseFinding(incarnation);
}

function phaseFinding({ record, workload }: ObservedIncarnation): Finding {
  const status = workload.phase === "Ready" ? "True" : "False";
  const reason = status === "True" ? "Running" : (workload.reason ?? phaseReasons[workload.phase]);
  const about = `incarnation #${record.number}`;
  const message =
    workload.message === "" ? `${about}: ${workload.phase}` : `${about}: ${workload.message}`;
  return finding(status, reason, message);
}

function routesFinding(
  desired: DesiredVariant,
  observed: ObservedVariant,
  serving: Serving | undefined,
): Finding {
  const { route } = observed;
  if (serving === undefined)
    return finding("False", "Publishing", "nothing of it is in the route table");
  const number = serving.incarnation.record.number;
  if (serving.incarnation.record.generation !== desired.generation) {
    return finding(
      "False",
      "PreviousServes",
      `incarnation #${number} of an earlier deploy is in the route table`,
    );
  }
  if (serving.entry === undefined) {
    return finding(
      "False",
      "Withdrawn",
      `#${number} is down; its traffic falls back to the next layer`,
    );
  }
  if (!sameEntry(serving.entry, route.entry)) {
    return finding("False", "Publishing", `#${number} is not in the route table yet`);
  }
  if (route.acked < route.changedAt) {
    return finding(
      "False",
      "AwaitingReaders",
      `a gateway does not hold epoch ${route.changedAt} yet`,
    );
  }
  if (route.probed === number)
    return finding("True", "Serving", `a request through the gateway was answered by #${number}`);
  return route.probeFailure === undefined
    ? finding("Unknown", "Probing", `a request through the gateway to #${number} is on its way`)
    : finding("False", "ProbeFailed", route.probeFailure);
}

/** The root cause gives the reason: a workload that is not ready explains a missing route, not the reverse. */
function readyFinding(workload: Finding, routes: Finding, previous: string | undefined): Finding {
  const cause = workload.status === "True" ? routes : workload;
  if (cause.status === "True") return cause;
  const suffix = previous === undefined ? "" : `; ${previous} still serves`;
  return finding("False", cause.reason, `${cause.message}${suffix}`);
}

function degradedFinding(
  desired: DesiredVariant,
  serving: Serving | undefined,
): Finding | undefined {
  const previous = previousServes(desired, serving);
  if (previous === undefined) return undefined;
  return finding("True", "PreviousServes", `${previous} of an earlier deploy serves`);
}

function previousServes(desired: DesiredVariant, serving: Serving | undefined): string | undefined {
  if (serving === undefined || serving.incarnation.record.generation === desired.generation)
    return undefined;
  return `#${serving.incarnation.record.number}`;
}

function finding(status: Status, reason: string, message: string): Finding {
  return { status, reason, message };
}
