/**
 * A fact about an object, in the form Kubernetes gives it: type, status and one UpperCamel reason, which is also the log
 * field, the metric label and the text of the command line.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 */
export interface Condition {
  readonly type:
    | "Ready"
    | "WorkloadReady"
    | "RoutesProgrammed"
    | "VariantsReady"
    | "Expiring"
    | "Degraded";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}
