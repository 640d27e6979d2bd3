import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { oneAtATime } from "./one-at-a-time.ts";
import type { CompiledPostgresOptions } from "./postgres-options.ts";

export interface HeadListenerOptions {
  readonly options: CompiledPostgresOptions;
  readonly channel: string;
  /**
   * The head may have changed: after a notification, whenever the connection was made anew, and with every ping, because
   * a pooler between us and Postgres may swallow notifications. Never called twice at a time.
   */
  readonly onHead: () => Promise<void>;
  /** The connection broke, or could not be made. Told once, until there is one again. */
  readonly onLost: (why: string) => void;
  /** There is a connection again, and the head was read. */
  readonly onBack: () => void;
}

const firstRetryMs = 50;
/** Postgres is back within seconds after it was killed; nobody should wait much longer than that for a table. */
const maxRetryMs = 1_000;

/** A connection of its own that LISTENs. Made again for ever, until it is closed. */
export class HeadListener {
  readonly #settings: HeadListenerOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #isLost = false;

  constructor(settings: HeadListenerOptions) {
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
    let stopAsking = (): void => undefined;
    try {
      await Promise.race([client.connect(), ended]);
      await Promise.race([client.query(`LISTEN ${client.escapeIdentifier(channel)}`), ended]);
      stopAsking = askAgainAndAgain(client, options.pingMs, { answered: look, end });
      look();
      return await ended;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      stopAsking();
      this.#stop.signal.removeEventListener("abort", stop);
      void client.end().catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    await this.#settings.onHead();
    if (this.#isLost) this.#settings.onBack();
    this.#isLost = false;
  }
}

/** A peer that vanished without a word never closes anything: asking is the only way to find out. */
function askAgainAndAgain(
  client: Client,
  ms: number,
  { answered, end }: { readonly answered: () => void; readonly end: (why: string) => void },
): () => void {
  let isAsking = false;
  const ping = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      await client.query("SELECT 1");
      answered();
    } catch (error) {
      end(String(error));
    }
    isAsking = false;
  };
  const timer = setInterval(() => void ping(), ms);
  return () => clearInterval(timer);
}
