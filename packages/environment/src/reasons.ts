/**
 * Every reason there is, with what it means. One word is the condition's reason, the log field, the metric label, and what
 * the doors (API, command line, console) look their texts up by.
 */
export const reasons = {
  // A variant's way to its route.
  Deploying: "the next incarnation is about to be made",
  Preparing: "its directory is being prepared",
  Starting: "it was started and is not ready yet",
  Running: "its workload is ready",
  NotReady: "it was ready and is not",
  CrashLoop: "it keeps exiting; it is retried every minute",
  WorkloadFailed: "its workload can never become ready",
  PrepareFailed: "the preparation of its directory failed",
  PathMissing: "its directory does not exist",
  WorkloadLost: "its workload is gone",
  StartDeadline: "it did not become ready in time",
  Publishing: "its route is not in the table yet",
  AwaitingReaders: "a gateway does not hold the table yet",
  Probing: "a request through the gateway is in flight",
  ProbeFailed: "a request through the gateway was not answered by it",
  Withdrawn: "it is down, and its traffic falls back to the next layer",
  Serving: "a request through the gateway was answered by it",
  PreviousServes: "the previous incarnation still serves",
  Terminating: "it is being deleted",

  // Ends.
  Expired: "its lifetime is over",
  Promoted: "it became stable",
  Requested: "somebody asked for it",
  ExpiresSoon: "it expires within the hour",
  ExpiresLater: "it has a lifetime",
  UncommittedWork: "it holds work that is nowhere else",

  // Environments.
  MembersServe: "every member serves",
  MemberMissing: "a member does not exist",
  LayerPublished: "the layer is in the table of every gateway",

  // Refusals.
  InvalidName: "not a name of the grammar",
  InvalidRequest: "the request contradicts itself",
  InvalidLifetime: "not a lifetime",
  ReservedKey: "stable follows its file or a promotion",
  KeyConflict: "the key belongs to another branch",
  NameTaken: "environments, keys and services share one set of names",
  CommandMissing: "nothing says how to start it",
  SourceMissing: "nothing says where its code is",
  SourceUnsupported: "the platform can't run code from there",
  NoRepository: "no repository holds the service's path",
  BranchNotFound: "the repository has no such branch",
  NothingToPromote: "the service has no release candidate that serves",
  EnvironmentNotFound: "no such environment",
  EnvironmentExists: "the environment exists",
  EnvironmentBuiltIn: "stable and rc are built in",
  EnvironmentIsParent: "it is the parent of another environment",
  ParentNotFound: "no such parent",
  ParentCycle: "an environment can't be above itself",
  ParentTooDeep: "too many parents",
} as const;

export type Reason = keyof typeof reasons;
