export type {
  CheckRequest,
  LogQuery,
  Platform,
  RemoveOptions,
  RemoveOutcome,
  WorkloadPhase,
  WorkloadRef,
  WorkloadSpec,
  WorkloadStatus,
} from "@cocktail/control-plane";
