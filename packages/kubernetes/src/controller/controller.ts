import {
  type BackoffOptions,
  type Clock,
  systemClock,
  TokenBucket,
  WorkQueue,
  type WorkResult,
} from "@cocktail/work-queue";
import type { Api } from "../api/api.ts";
import type { Informer } from "../informer/informer.ts";
import type { Logger } from "../log.ts";
import type { KubeObject } from "../object.ts";
import { type ControllerMetrics, noControllerMetrics } from "./controller-metrics.ts";

export interface ReconcileResult {
  /** Milliseconds until it is reconciled again, even if nothing changes. */
  readonly requeueAfterMs?: number | undefined;
}

/** A failure that a retry doesn't mend: the key is reconciled when something changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

export interface ReconcileContext {
  readonly api: Api;
  /** Aborted if the result doesn't count any more: leadership is lost, or the time to drain is over. */
  readonly signal: AbortSignal;
}

export interface ControllerOptions {
  readonly name: string;
  /** Whose changes it reacts to, and which keys a change concerns. */
  readonly watches: readonly {
    readonly informer: Pick<Informer, "synced" | "subscribe">;
    keys(object: KubeObject): readonly string[];
  }[];
  /** Makes the world as one key wants it; called for one key once at a time. Reads the current state: a key carries no event. */
  reconcile(key: string, context: ReconcileContext): Promise<ReconcileResult>;
  readonly log: Logger;
  readonly concurrency?: number | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** For the retries of all keys. Default: 10 a second, 100 at once. */
  readonly retries?: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly clock?: Clock | undefined;
  readonly metrics?: ControllerMetrics | undefined;
}

export interface ControllerRun {
  readonly api: Api;
  /** Takes no new key; what is being reconciled ends. */
  readonly stopping: AbortSignal;
  /** What is being reconciled is aborted, too. */
  readonly lost?: AbortSignal | undefined;
  /** How long what is being reconciled may go on after `stopping`, in milliseconds. */
  readonly drainMs?: number | undefined;
}

/** Reconciles until it is stopped, and resolves when nothing is being reconciled any more. */
export async function runController(options: ControllerOptions, run: ControllerRun): Promise<void> {
  const { api, stopping, drainMs = 10_000 } = run;
  const { clock = systemClock, name, log } = options;
  const lost = run.lost ?? new AbortController().signal;
  const aborter = new AbortController();
  const context = { api, signal: AbortSignal.any([aborter.signal, lost]) };
  const end = AbortSignal.any([stopping, lost]);
  await Promise.race([
    Promise.all(options.watches.map(({ informer }) => informer.synced(end).catch(() => undefined))),
    aborted(end),
  ]);
  if (end.aborted) return;
  const queue = createQueue(options, context);
  const unsubscribe = options.watches.map(({ informer, keys }) => {
    const add = (object: KubeObject): void => {
      for (const key of keys(object)) queue.add(key);
    };
    return informer.subscribe({
      added: add,
      deleted: add,
      updated: (object, before) => {
        // Also what the object no longer concerns.
        if (before !== object) add(before);
        add(object);
      },
    });
  });
  await aborted(end);
  for (const each of unsubscribe) each();
  const cancel = clock.after(drainMs, () => {
    log.warn({ controller: name, drainMs }, "reconciles are aborted: they did not end in time");
    aborter.abort(new Error(`stopping, and not done within ${drainMs} ms`));
  });
  await queue.stop();
  cancel();
}

function createQueue(options: ControllerOptions, context: ReconcileContext): WorkQueue {
  const { clock = systemClock, concurrency = 4, log, name } = options;
  const { metrics = noControllerMetrics } = options;
  const { perSecond, burst } = options.retries ?? { perSecond: 10, burst: 100 };
  const queue: WorkQueue = new WorkQueue({
    clock,
    concurrency,
    backoff: options.backoff ?? { firstMs: 50, longestMs: 5 * 60_000 },
    retryLimit: new TokenBucket({ clock, perSecond, burst }),
    observer: {
      added: () => metrics.added(queue.depth),
      started: (_key, waitedMs) => metrics.started(queue.depth, waitedMs / 1000),
      finished: (_key, workedMs) => metrics.finished(workedMs / 1000),
      retried: () => metrics.retried(),
    },
    work: (key) => reconcileKey(options, queue, key, context),
    failed: (key, err, retryInMs) =>
      log.warn({ controller: name, key, err, retryInMs }, "reconcile failed, retrying"),
  });
  return queue;
}

async function reconcileKey(
  { name, log, reconcile, clock = systemClock, metrics = noControllerMetrics }: ControllerOptions,
  queue: WorkQueue,
  key: string,
  context: ReconcileContext,
): Promise<WorkResult> {
  const from = clock.now();
  const seconds = (): number => (clock.now() - from) / 1000;
  try {
    const { requeueAfterMs } = await reconcile(key, context);
    queue.settle(key);
    metrics.reconciled(requeueAfterMs === undefined ? "success" : "requeue_after", seconds());
    return requeueAfterMs === undefined ? {} : { againAt: clock.now() + requeueAfterMs };
  } catch (err) {
    metrics.reconciled("error", seconds());
    if (!(err instanceof TerminalError)) throw err;
    queue.settle(key);
    log.error({ controller: name, key, err }, "reconcile failed; retried when something changes");
    return {};
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
