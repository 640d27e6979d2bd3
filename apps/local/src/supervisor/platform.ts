export type {
  CheckRequest,
  LogQuery,
  Platform,
  ReleaseOptions,
  ReleaseOutcome,
  WorkloadPhase,
  WorkloadRef,
  WorkloadSpec,
  WorkloadStatus,
} from "@cocktail/control-plane";
