import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { oneAtATime } from "./one-at-a-time.ts";
import type { CompiledPostgresOptions } from "./postgres-options.ts";

export interface ChangeListenerOptions {
  readonly options: CompiledPostgresOptions;
  readonly channel: string;
  /**
   * Something may have changed: called after a notification, after a reconnect, and with every ping, because a connection
   * pooler may drop notifications. Calls never overlap.
   */
  readonly onChange: () => Promise<void>;
  /** The connection broke or could not be made. Called once until it is restored. */
  readonly onLost: (why: string) => void;
  /** The connection is restored, and the changes since then were read. */
  readonly onBack: () => void;
}

const firstRetryMs = 50;
/** Postgres is back within seconds after it was killed; a table should not be late for much longer. */
const maxRetryMs = 1_000;

/** A connection of its own that LISTENs. Reconnects until it is closed. */
export class ChangeListener {
  readonly #settings: ChangeListenerOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #isLost = false;

  constructor(settings: ChangeListenerOptions) {
    this.#settings = settings;
    this.#done = this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      const why = await this.#listen();
      if (this.#stop.signal.aborted) return;
      if (!this.#isLost) this.#settings.onLost(why);
      this.#isLost = true;
      if (performance.now() - startedAt > maxRetryMs) retryMs = firstRetryMs;
      await delay(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      retryMs = Math.min(retryMs * 2, maxRetryMs);
    }
  }

  /** One connection, from its beginning to its end. Answers why it ended. */
  async #listen(): Promise<string> {
    const { options, channel } = this.#settings;
    const client = new Client(options.client);
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    client.on("error", (error) => end(error.message));
    client.on("end", () => end("the connection was closed"));
    const look = oneAtATime(
      () => this.#look(),
      (error) => end(String(error)),
    );
    client.on("notification", look);
    const stop = (): void => end("the store is closed");
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    let stopPing = (): void => undefined;
    try {
      await Promise.race([client.connect(), ended]);
      await Promise.race([client.query(`LISTEN ${client.escapeIdentifier(channel)}`), ended]);
      stopPing = startPing(client, options.pingMs, { answered: look, end });
      look();
      return await ended;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      stopPing();
      this.#stop.signal.removeEventListener("abort", stop);
      void client.end().catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    await this.#settings.onChange();
    if (this.#isLost) this.#settings.onBack();
    this.#isLost = false;
  }
}

/** A vanished peer never closes the connection; only a query detects it. */
function startPing(
  client: Client,
  ms: number,
  { answered, end }: { readonly answered: () => void; readonly end: (why: string) => void },
): () => void {
  let isPending = false;
  const ping = async (): Promise<void> => {
    if (isPending) return;
    isPending = true;
    try {
      await client.query("SELECT 1");
      answered();
    } catch (error) {
      end(String(error));
    }
    isPending = false;
  };
  const timer = setInterval(() => void ping(), ms);
  return () => clearInterval(timer);
}
