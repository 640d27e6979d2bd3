/** Why a patch, a route of it, or a target is not, or not wholly, as its author wants it. The list is closed. */
export const mergeReasons = [
  "InvalidPatch",
  "InvalidRoute",
  "MatchesAllTraffic",
  "HidesBaseRoute",
  "ShadowedRoute",
  "DuplicateClaim",
  "EqualMatch",
  "MissingService",
  "UnknownSubset",
  "NoReadyEndpoint",
  "NameTaken",
  "TooManyRoutes",
  "IgnoredField",
  "OldSpelling",
  "LoosePattern",
  "Adopted",
  "PossibleOrphan",
  "NotBoundToMesh",
  "TargetIsDelegate",
  "ManagedByFlagger",
  "ManagedByArgoRollouts",
  "LastRouteKept",
  "UnreadableLedger",
] as const;
export type MergeReason = (typeof mergeReasons)[number];

export interface MergeFault {
  readonly reason: MergeReason;
  /** `error`: the route, the patch or every patch of the target is not merged. `warning`: it is, and the author should know. */
  readonly severity: "error" | "warning";
  /** The author of the patch, `namespace/name`; undefined where the fault is the target's. */
  readonly owner?: string | undefined;
  /** The route as its author named it, or its place, such as `http[1]`. */
  readonly route?: string | undefined;
  readonly message: string;
}

/** Faults of one patch, or of one of its routes. */
export interface Reporter {
  error(reason: MergeReason, message: string): void;
  warn(reason: MergeReason, message: string): void;
}

export function reporter(faults: MergeFault[], owner?: string, route?: string): Reporter {
  const add =
    (severity: MergeFault["severity"]) =>
    (reason: MergeReason, message: string): void => {
      faults.push({ reason, severity, owner, route, message });
    };
  return { error: add("error"), warn: add("warning") };
}
