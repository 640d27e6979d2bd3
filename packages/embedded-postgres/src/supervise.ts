import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "./address.ts";
import { silent } from "./log.ts";
import { type Postgres, type PostgresOptions, startRestartable } from "./postgres.ts";

/** A server that is started again whenever it dies, at the same address. */
export interface SupervisedPostgres extends AsyncDisposable {
  readonly connection: Connection;
  readonly url: string;
  readonly recovered: boolean;
  /** Of the server that runs now; undefined while there is none. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const longestPauseMs = 5_000;

/** Starts Postgres and keeps it running until `stop`: what kills the server costs its clients a fraction of a second. */
export async function supervisePostgres(options: PostgresOptions): Promise<SupervisedPostgres> {
  const log = options.log ?? silent;
  const stopping = new AbortController();
  const first = await startRestartable(options);
  let current: Postgres | undefined = first.postgres;
  const { connection, recovered, url } = current;

  const again = async (): Promise<Postgres | undefined> => {
    for (
      let pauseMs = 50;
      !stopping.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    ) {
      try {
        return await first.again();
      } catch (error) {
        log.error({ err: error, pauseMs }, "Postgres did not start again; trying once more");
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    return undefined;
  };

  const watch = async (): Promise<void> => {
    while (current !== undefined) {
      const exit = await current.exited;
      current = undefined;
      if (stopping.signal.aborted) return;
      log.error({ ...exit }, "Postgres died; starting it again");
      current = await again();
      // A start that was in progress when `stop` was called leaves a server that has to be stopped.
      if (stopping.signal.aborted) await current?.stop();
    }
  };
  const watching = watch();

  const stop = async (): Promise<void> => {
    stopping.abort();
    await current?.stop();
    await watching;
  };
  return { connection, url, recovered, pid: () => current?.pid, stop, [Symbol.asyncDispose]: stop };
}
