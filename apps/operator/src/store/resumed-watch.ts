import { ControlPlaneError } from "@cocktail/control-plane/store";
import {
  type Api,
  ApiError,
  type Logger,
  type Resource,
  retryAfterOf,
  type WatchEvent,
  watchObjects,
} from "@cocktail/kubernetes";
import { backoffMs, type Clock, pause } from "@cocktail/work-queue";

export interface ResumedWatchOptions {
  readonly api: Api;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  readonly from: string;
  /** The server ends a watch after so long, and the next one resumes it. Default 45. */
  readonly seconds?: number | undefined;
  readonly signal: AbortSignal;
}

/** The server ends a watch after so long: the longest that a lost connection goes unnoticed, and some more. */
const defaultSeconds = 45;
const graceMs = 15_000;
const retry = { firstMs: 100, longestMs: 5_000 };
/** A watch that ends sooner, and brought nothing, is not followed by the next at once. */
const shortMs = 1_000;

/** Where a watch is, and how often it failed there. */
interface Position {
  resourceVersion: string;
  failures: number;
}

type Change = Exclude<WatchEvent, { readonly type: "bookmark" }>;

/** The changes after `from`, through outages of any length. Throws WATCH_EXPIRED if the API server no longer has them. */
export async function* resumedWatch(
  options: ResumedWatchOptions,
): AsyncGenerator<Change, void, undefined> {
  const { clock, signal } = options;
  const position: Position = { resourceVersion: options.from, failures: 0 };
  // The API server takes it for an error of its own.
  if (!/^[0-9]+$/.test(options.from)) throw expired(position);
  while (!signal.aborted) {
    const startedAt = clock.now();
    let error: unknown;
    try {
      yield* changes(options, position);
      if (clock.now() - startedAt >= shortMs) continue;
    } catch (thrown) {
      error = thrown;
    }
    // A consumer that stops has its own reason; it is not a failure of the watch.
    if (signal.aborted) return;
    throwIfOver(error, position);
    position.failures++;
    await pause(clock, report(options, position, error), signal);
  }
}

/** Of one connection. */
async function* changes(
  options: ResumedWatchOptions,
  position: Position,
): AsyncGenerator<Change, void, undefined> {
  const { api, resource } = options;
  const { resourceVersion } = position;
  const { seconds = defaultSeconds } = options;
  const where = { ...options, resourceVersion, seconds, silenceMs: seconds * 1000 + graceMs };
  const startedAt = options.clock.now();
  let isSilent = true;
  for await (const event of watchObjects(api, resource, where)) {
    position.failures = 0;
    isSilent = false;
    position.resourceVersion = versionOf(event) ?? position.resourceVersion;
    if (event.type !== "bookmark") yield event;
  }
  // Not even the bookmark before the end: the version may be of a history that is no more, as after a restored backup.
  if (isSilent && options.clock.now() - startedAt >= shortMs) throw expired(position);
}

/** Gives how long to wait, in milliseconds. */
function report(
  { log, resource }: ResumedWatchOptions,
  { failures }: Position,
  error: unknown,
): number {
  const retryInMs = Math.max(backoffMs(failures, retry), retryAfterOf(error));
  const fields = { err: error, kind: resource.kind, retryInMs };
  if (error === undefined) log.debug(fields, "a watch ended early, resuming");
  else log.warn(fields, "a watch failed, resuming");
  return retryInMs;
}

function versionOf(event: WatchEvent): string | undefined {
  return event.type === "bookmark" ? event.resourceVersion : event.object.metadata.resourceVersion;
}

function throwIfOver(error: unknown, position: Position): void {
  if (ControlPlaneError.is(error, "WATCH_EXPIRED")) throw error;
  if (!(error instanceof ApiError)) return;
  const { status } = error;
  // 504: the API server doesn't know the version yet.
  if (status === 410 || status === 504) throw expired(position, error);
  // Such as a missing permission: to be seen by who watches, not retried in silence.
  if (status < 500 && status !== 429) throw error;
}

function expired({ resourceVersion }: Position, cause?: unknown): ControlPlaneError {
  const message = `changes after ${resourceVersion} are no longer kept`;
  return new ControlPlaneError("WATCH_EXPIRED", message, { cause });
}
