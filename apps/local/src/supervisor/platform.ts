export type {
  Admission,
  AdmitRequest,
  IncarnationRef,
  LogQuery,
  Platform,
  ReleaseOptions,
  ReleaseOutcome,
  WorkloadPhase,
  WorkloadSpec,
  WorkloadStatus,
} from "@cocktail/control-plane";
