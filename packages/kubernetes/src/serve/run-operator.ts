import type { HttpApi } from "../api/http-api.ts";
import {
  type ControllerOptions,
  type ControllerRun,
  runController,
} from "../controller/controller.ts";
import type { Informer } from "../informer/informer.ts";
import type { Elector } from "../leader/elector.ts";
import { fencedApi } from "../leader/fence.ts";

export interface OperatorOptions {
  /** Closed at the end. */
  readonly api: HttpApi;
  readonly informers: readonly Informer[];
  readonly controllers: readonly ControllerOptions[];
  /** Whatever else only the leader does: each ends when its run is stopping or lost. */
  readonly jobs?: readonly ((run: ControllerRun) => Promise<void>)[] | undefined;
  /** Without one every replica reconciles. */
  readonly elector?: Elector | undefined;
  /** How long what is being reconciled may go on after the signal, in milliseconds. Default 10,000. */
  readonly drainMs?: number | undefined;
}

/**
 * Runs until the signal, then: controllers take no new key and end what they have begun, the lease is released, informers stop, sockets
 * are closed. Every replica keeps its caches, so the next leader begins at once.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { api, informers, elector } = options;
  // Informers and the lease live on while controllers end what they have begun.
  const ended = new AbortController();
  // Pauses between tries don't keep a process alive, and while the API is away there may be nothing else.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  const watching = informers.map((informer) => informer.run(ended.signal));
  try {
    if (elector === undefined) await lead(options, { api, stopping: signal });
    else
      await elector.run(signal, async ({ fence, stopping }) => {
        await lead(options, { api: fencedApi(api, fence), stopping, lost: fence.signal });
      });
  } finally {
    ended.abort();
    await Promise.all(watching);
    await api.close();
    clearInterval(keepAlive);
  }
}

async function lead(
  { controllers, jobs = [], drainMs }: OperatorOptions,
  given: Omit<ControllerRun, "drainMs">,
): Promise<void> {
  const run = { ...given, drainMs };
  await Promise.all([
    ...controllers.map((one) => runController(one, run)),
    ...jobs.map((job) => job(run)),
  ]);
}
