import { type ConditionFact, expiringFact } from "./condition.ts";
import type { VariantObject } from "./object.ts";
import type { Facts, ObservedIncarnation, ObservedVariant, WorkloadPhase } from "./observed.ts";
import type { Reason } from "./reasons.ts";
import { type Derived, type Serving, derive, sameEntry } from "./serving.ts";

type Status = ConditionFact["status"];
interface Finding {
  readonly status: Status;
  readonly reason: Reason;
  readonly message: string;
}

const phaseReasons: Readonly<Record<WorkloadPhase, Reason>> = {
  Absent: "Starting",
  Lost: "WorkloadLost",
  Preparing: "Preparing",
  Starting: "Starting",
  Ready: "Running",
  NotReady: "NotReady",
  CrashLoop: "CrashLoop",
  Failed: "WorkloadFailed",
};

/**
 * The conditions of a variant's desired rollout. Ready is true only if a request through the gateway was answered by its
 * incarnation. `Degraded` is true while an older one serves, or while its platform has something to say about it.
 */
export function variantConditions(
  desired: VariantObject,
  { observed, now, policy }: Omit<Facts, "desired">,
): readonly ConditionFact[] {
  const derived = derive(desired, observed);
  const { serving } = derived;
  const previous = previousServes(desired, serving);
  const workload = workloadFinding(derived);
  const notice = derived.current?.workload.notice;
  const routes = routesFinding(desired, observed, serving);
  const ready = derived.isDesired
    ? readyFinding(workload, routes, previous)
    : finding("False", "Terminating", "the variant is being destroyed");
  const observedGeneration = desired.generation;
  const conditions: ConditionFact[] = [
    { type: "Ready", ...ready, observedGeneration },
    { type: "WorkloadReady", ...workload, observedGeneration },
    { type: "RoutesProgrammed", ...routes, observedGeneration },
  ];
  if (previous !== undefined) {
    const degraded = finding("True", "PreviousServes", `${previous} of an earlier deploy serves`);
    conditions.push({ type: "Degraded", ...degraded, observedGeneration });
  } else if (notice !== undefined) {
    const { reason, message } = notice;
    conditions.push({ type: "Degraded", status: "True", reason, message, observedGeneration });
  }
  const expiring = expiringFact(
    { expiresAt: desired.spec.expiresAt, wouldLoseWork: observed.wouldLoseWork },
    { now, soonMs: policy.expiresSoonMs, observedGeneration },
  );
  if (expiring !== undefined) conditions.push(expiring);
  return conditions;
}

function workloadFinding({ current, failed }: Derived): Finding {
  const failure = failed?.record.failure;
  if (failure !== undefined) return finding("False", failure.reason, failure.message);
  return current === undefined
    ? finding("False", "Deploying", "the next incarnation is about to be created")
    : phaseFinding(current);
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
  desired: VariantObject,
  observed: ObservedVariant,
  serving: Serving | undefined,
): Finding {
  const { route } = observed;
  if (serving === undefined)
    return finding("False", "Publishing", "the variant is not in the route table yet");
  const number = serving.incarnation.record.number;
  if (serving.incarnation.record.rollout !== desired.spec.rollout) {
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
    return finding("True", "Serving", `requests that name it reach #${number}`);
  return route.probeFailure === undefined
    ? finding("Unknown", "Probing", `a request through the gateway to #${number} is in flight`)
    : finding("False", "ProbeFailed", route.probeFailure);
}

/** The root cause is reported: a workload that is not ready explains a missing route, not the reverse. */
function readyFinding(workload: Finding, routes: Finding, previous: string | undefined): Finding {
  const cause = workload.status === "True" ? routes : workload;
  if (cause.status === "True") return cause;
  const suffix = previous === undefined ? "" : `; ${previous} still serves`;
  return finding("False", cause.reason, `${cause.message}${suffix}`);
}

function previousServes(desired: VariantObject, serving: Serving | undefined): string | undefined {
  if (serving === undefined || serving.incarnation.record.rollout === desired.spec.rollout)
    return undefined;
  return `#${serving.incarnation.record.number}`;
}

function finding(status: Status, reason: Reason, message: string): Finding {
  return { status, reason, message };
}
