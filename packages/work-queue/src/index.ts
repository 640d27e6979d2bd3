export { type BackoffOptions, backoffMs } from "./backoff.ts";
export { type Clock, pause, systemClock } from "./clock.ts";
export { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";
export { Waiters } from "./waiters.ts";
export {
  type WorkObserver,
  WorkQueue,
  type WorkQueueOptions,
  type WorkResult,
} from "./work-queue.ts";
