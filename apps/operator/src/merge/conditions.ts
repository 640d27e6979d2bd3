import type { MergeFault, MergeReason } from "@cocktail/mesh";

type ConditionType = "Accepted" | "TargetResolved" | "Programmed" | "Conflict";

/** Why a merge is not programmed, besides the faults of its routes. The list is closed. */
export const operatorReasons = [
  "NoTarget",
  "TargetNotFound",
  "OldOperatorRuns",
  "WriteRefused",
  "WriteFailed",
] as const;
type OperatorReason = (typeof operatorReasons)[number];

/** A condition without what only its history tells. */
export interface Fact {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Which question a fault answers: is the patch valid, is there what it routes to, does it get its requests. */
const aspects: Readonly<Record<MergeReason, "Accepted" | "TargetResolved" | "Conflict">> = {
  InvalidPatch: "Accepted",
  InvalidRoute: "Accepted",
  MatchesAllTraffic: "Accepted",
  TooManyRoutes: "Accepted",
  IgnoredField: "Accepted",
  OldSpelling: "Accepted",
  LoosePattern: "Accepted",
  Adopted: "Accepted",
  UnreadableLedger: "Accepted",
  MissingService: "TargetResolved",
  UnknownSubset: "TargetResolved",
  NoReadyEndpoint: "TargetResolved",
  NotBoundToMesh: "TargetResolved",
  TargetIsDelegate: "TargetResolved",
  ManagedByFlagger: "TargetResolved",
  ManagedByArgoRollouts: "TargetResolved",
  LastRouteKept: "TargetResolved",
  HidesBaseRoute: "Conflict",
  ShadowedRoute: "Conflict",
  DuplicateClaim: "Conflict",
  EqualMatch: "Conflict",
  NameTaken: "Conflict",
  PossibleOrphan: "Conflict",
};

/** The conditions of a merge whose target was merged with these faults, its own and the target's. */
export function conditionsOf(faults: readonly MergeFault[], where: string): readonly Fact[] {
  const of = (type: ConditionType): readonly MergeFault[] =>
    faults.filter(({ reason }) => aspects[reason] === type);
  return [
    aspect("Accepted", of("Accepted")),
    aspect("TargetResolved", of("TargetResolved")),
    programmed(
      faults.filter(({ severity }) => severity === "error"),
      where,
    ),
    conflict(of("Conflict")),
  ];
}

function aspect(type: "Accepted" | "TargetResolved", faults: readonly MergeFault[]): Fact {
  const error = faults.find(({ severity }) => severity === "error");
  const reason = (error ?? faults[0])?.reason ?? type;
  return { type, status: error === undefined ? "True" : "False", reason, message: textOf(faults) };
}

function programmed(errors: readonly MergeFault[], where: string): Fact {
  const type = "Programmed";
  const [first] = errors;
  return first === undefined
    ? { type, status: "True", reason: type, message: `All routes are in ${where}.` }
    : { type, status: "False", reason: first.reason, message: textOf(errors) };
}

function conflict(faults: readonly MergeFault[]): Fact {
  const [first] = faults;
  return {
    type: "Conflict",
    status: first === undefined ? "False" : "True",
    reason: first?.reason ?? "NoConflict",
    message: textOf(faults),
  };
}

/** The conditions of a merge of which no route can be merged, for one reason. What was not examined is unknown. */
export function refused(
  type: "Accepted" | "TargetResolved",
  reason: OperatorReason,
  message: string,
): readonly Fact[] {
  const accepted: Fact = { type: "Accepted", status: "True", reason: "Accepted", message: "" };
  const fault = { reason, message } as const;
  const unknown = { status: "Unknown", reason, message: "" } as const;
  return [
    type === "Accepted" ? { type, status: "False", ...fault } : accepted,
    type === "Accepted"
      ? { type: "TargetResolved", ...unknown }
      : { type, status: "False", ...fault },
    { type: "Programmed", status: "False", ...fault },
    { type: "Conflict", ...unknown },
  ];
}

/** The same conditions where the target could not be written: the API refused it, or it failed. */
export function notWritten(
  facts: readonly Fact[],
  reason: OperatorReason,
  message: string,
): readonly Fact[] {
  return facts.map((fact) =>
    fact.type === "Programmed" ? { type: fact.type, status: "False", reason, message } : fact,
  );
}

const maxMessage = 1_500;

function textOf(faults: readonly MergeFault[]): string {
  const lines = faults.map(({ route, message }) =>
    route === undefined ? message : `${route}: ${message}`,
  );
  const text = [...new Set(lines)].join(" ");
  return text.length <= maxMessage ? text : `${text.slice(0, maxMessage).toWellFormed()} ...`;
}
