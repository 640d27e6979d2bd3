/**
 * All reasons and their meanings. The same word is used in conditions, log fields and metric labels, and is the key of the
 * texts of API, command line and console.
 */
export const reasons = {
  // Variants.
  Deploying: "the next incarnation is about to be created",
  Preparing: "its directory is being prepared",
  Starting: "it was started and is not ready yet",
  Running: "its workload is ready",
  NotReady: "it was ready and no longer is",
  CrashLoop: "it keeps exiting; it is retried every minute",
  WorkloadFailed: "permanent failure: its workload can never become ready",
  PrepareFailed: "the preparation of its directory failed",
  WorkingCopyMoved: "its working copy is at another commit or branch than at first",
  PathMissing: "its directory does not exist",
  WorkloadLost: "the host of its workload is gone",
  StartDeadline: "it did not become ready in time",
  Publishing: "its route is not in the table yet",
  AwaitingReaders: "a gateway does not hold the table yet",
  Probing: "a request through the gateway is in flight",
  ProbeFailed: "a request through the gateway was not answered by it",
  Withdrawn: "it is down, and its traffic falls back to the next layer",
  Serving: "requests that name it reach it",
  PreviousServes: "the previous incarnation still serves",
  Terminating: "it is being deleted",

  // Deletion.
  Expired: "its lifetime is over",
  Promoted: "it became stable",
  Requested: "a user requested it",
  ExpiresSoon: "it expires within the hour",
  ExpiresLater: "it has a lifetime",
  UncommittedWork: "it has uncommitted work that would be lost",

  // Environments.
  MembersServe: "every member serves",
  MemberMissing: "a member does not exist",
  LayerPublished: "the layer is in the table of every gateway",

  // Refusals.
  InvalidName: "the name is invalid",
  InvalidRequest: "the request contradicts itself",
  InvalidLifetime: "the lifetime is invalid",
  ReservedKey: "stable follows the file or a promotion",
  KeyConflict: "the key belongs to another branch",
  NameTaken: "environments, keys and services share one set of names",
  CommandMissing: "its command is unknown",
  SourceMissing: "the location of its code is unknown",
  SourceUnsupported: "the platform can't run code from this source",
  NoRepository: "the service's path is not in a repository",
  BranchNotFound: "the repository has no such branch",
  NothingToPromote: "the service has no release candidate that serves",
  NothingToRollBack: "stable is not a promotion that can be undone",
  VariantNotFound: "no such variant",
  EnvironmentNotFound: "no such environment",
  EnvironmentExists: "the environment exists",
  EnvironmentBuiltIn: "stable and rc are built in",
  EnvironmentIsParent: "it is the parent of another environment",
  ParentNotFound: "the parent doesn't exist",
  ParentCycle: "an environment can't be its own ancestor",
  ParentTooDeep: "the chain of parents is too long",
} as const;

export type Reason = keyof typeof reasons;
