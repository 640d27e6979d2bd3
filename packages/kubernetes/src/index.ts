// The kubeconfig, and the credentials of a pod: `loadFromDefault()` finds either.
export { KubeConfig } from "@kubernetes/client-node";
export type { Api, ApiRequest } from "./api/api.ts";
export {
  ApiError,
  ApiUnreachable,
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  retryAfterOf,
} from "./api/api-error.ts";
export { Discovery } from "./api/discovery.ts";
export { HttpApi, type HttpApiLimits, type HttpApiOptions } from "./api/http-api.ts";
export { collectionPath, objectPath, type Resource } from "./api/resource.ts";
export {
  type ControllerOptions,
  type ControllerRun,
  type ReconcileContext,
  type ReconcileResult,
  runController,
  TerminalError,
} from "./controller/controller.ts";
export type { ControllerMetrics } from "./controller/controller-metrics.ts";
export type { Handler } from "./informer/handlers.ts";
export {
  type CacheRead,
  Informer,
  type InformerLimits,
  type InformerOptions,
} from "./informer/informer.ts";
export { type Listed, listObjects, type ListOptions } from "./informer/list.ts";
export { type Indexer, labelIndex } from "./informer/object-cache.ts";
export type { Selection } from "./informer/selection.ts";
export { type WatchEvent, watchObjects, type WatchOptions, WatchSilent } from "./informer/watch.ts";
export {
  type ElectionTiming,
  Elector,
  type ElectorOptions,
  type Lead,
  monotonicClock,
} from "./leader/elector.ts";
export { Fence, fencedApi, LeadershipLost } from "./leader/fence.ts";
export type { Logger } from "./log.ts";
export { keyOf, type KubeObject, type ObjectMeta, type ObjectRef, refOf } from "./object.ts";
export { type Condition, setCondition } from "./write/conditions.ts";
export { addFinalizer, removeFinalizer } from "./write/finalizer.ts";
export {
  applyObject,
  createObject,
  type DeleteOptions,
  deleteObject,
  getObject,
  onlyIfUnchanged,
  patchObject,
  type PatchStep,
  replaceObject,
  type WriteOptions,
} from "./write/objects.ts";
export { type ConflictRetries, retryOnConflict } from "./write/retry-on-conflict.ts";
export type { EventLimits } from "./events/event-aggregate.ts";
export {
  EventRecorder,
  type EventRecorderOptions,
  type Occurrence,
} from "./events/event-recorder.ts";
export {
  type HealthCheck,
  type HealthServer,
  type HealthServerOptions,
  serveHealth,
} from "./serve/health-server.ts";
export { type OperatorOptions, runOperator } from "./serve/run-operator.ts";
export { registerRuntimeMetrics, type RuntimeMetrics } from "./serve/runtime-metrics.ts";
