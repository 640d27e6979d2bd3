import { formatTableId, type RouteTable } from "@cocktail/route";
import { type BackoffOptions, backoffMs } from "@cocktail/work-queue";
import { type Logger, silentLogger } from "../log.ts";
import { classifyOffer, isSame } from "./classify-offer.ts";
import { pause } from "./pause.ts";
import type { TableSource } from "./source.ts";
import { Waiters, type WaitOptions } from "./waiters.ts";

export interface TableReaderOptions {
  readonly source: TableSource;
  /** As the first subscriber: also called for the first table. */
  readonly onTable?: TableListener | undefined;
  readonly log?: Logger | undefined;
  /** Closes the reader; before the first table it also ends the opening. */
  readonly signal?: AbortSignal | undefined;
  /** Without a sign of life for so long a connection is given up. Default 45,000 ms, three heartbeats. */
  readonly idleTimeoutMs?: number | undefined;
  /** Default: from 100 to 2,000 ms. */
  readonly backoff?: Partial<BackoffOptions> | undefined;
}

export type TableListener = (table: RouteTable, previous: RouteTable | undefined) => void;

/** Follows the route table of a control plane, and keeps the last one while the control plane is away. */
export interface TableReader {
  table(): RouteTable;
  /** Since the last sign of life of the control plane: how old the table may be at most. */
  ageMs(): number;
  readonly connected: boolean;
  /**
   * The first table of at least this epoch. Rejects with `TableBehind` when the time is over, with `ReaderClosed`, or
   * with the reason of the signal.
   */
  waitFor(epoch: number, options?: WaitOptions): Promise<RouteTable>;
  /** Called once for every table taken from now on. What it throws is logged. Returns an unsubscribe function. */
  subscribe(listener: TableListener): () => void;
  /** Resolves when nothing of the reader runs any more. */
  close(): Promise<void>;
}

const defaultIdleTimeoutMs = 45_000;
/** A connection that lived so long was a good one: the next failure counts as the first. */
const goodConnectionMs = 5_000;

/** Resolves with the first table; tries until `signal` ends it. */
export async function openTableReader(options: TableReaderOptions): Promise<TableReader> {
  const reader = new FollowingReader(options);
  try {
    await reader.first();
    return reader;
  } catch (error) {
    await reader.close();
    throw error;
  }
}

class FollowingReader implements TableReader {
  readonly #source: TableSource;
  readonly #log: Logger;
  readonly #idleTimeoutMs: number;
  readonly #backoff: BackoffOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<TableListener>();
  readonly #waiters = new Waiters();
  readonly #done: Promise<void>;
  #table: RouteTable | undefined;
  /** Of the connection there is. */
  #connectedAt: number | undefined;
  #aliveAt = performance.now();

  constructor(options: TableReaderOptions) {
    this.#source = options.source;
    this.#log = options.log ?? silentLogger;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? defaultIdleTimeoutMs;
    this.#backoff = { firstMs: 100, longestMs: 2_000, ...options.backoff };
    if (options.onTable !== undefined) this.#listeners.add(options.onTable);
    const { signal } = options;
    this.#signal =
      signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
    this.#done = this.#follow();
  }

  get connected(): boolean {
    return this.#connectedAt !== undefined;
  }

  first(): Promise<RouteTable> {
    return this.#waiters.add(0, undefined, { signal: this.#signal });
  }

  table(): RouteTable {
    if (this.#table === undefined) throw new TypeError("no table before openTableReader resolved");
    return this.#table;
  }

  ageMs(): number {
    return performance.now() - this.#aliveAt;
  }

  waitFor(epoch: number, options: WaitOptions = {}): Promise<RouteTable> {
    return this.#waiters.add(epoch, this.#table, options);
  }

  subscribe(listener: TableListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  /** Never rejects. */
  async #follow(): Promise<void> {
    let failures = 0;
    while (!this.#signal.aborted) {
      const why = await this.#connect();
      // The time of an attempt that never connected, such as a silent host's, is no good sign.
      const livedMs = performance.now() - (this.#connectedAt ?? performance.now());
      this.#connectedAt = undefined;
      if (this.#signal.aborted) break;
      failures = livedMs > goodConnectionMs ? 1 : failures + 1;
      const delayMs = backoffMs(failures, this.#backoff);
      this.#logLoss(why, failures, delayMs);
      await pause(delayMs, this.#signal);
    }
    this.#waiters.close();
  }

  #logLoss(why: string, failures: number, delayMs: number): void {
    const fields = { reason: "TableStreamLost", why, failures, delayMs };
    const kept = this.#table === undefined ? "there is no table yet" : "the last table stays";
    const text = `there is no stream of the route table; ${kept}`;
    this.#log[failures === 1 ? "info" : "warn"](fields, text);
  }

  /** One connection, from its beginning to its end. Answers why it ended. */
  async #connect(): Promise<string> {
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#signal, silence.signal]);
    const giveUp = (): void =>
      silence.abort(new Error(`no sign of life for ${this.#idleTimeoutMs} ms`));
    const timer = setTimeout(giveUp, this.#idleTimeoutMs);
    try {
      for await (const event of this.#source.stream(this.#table, signal)) {
        timer.refresh();
        this.#aliveAt = performance.now();
        this.#connectedAt ??= this.#aliveAt;
        if (event.kind === "table") await this.#offer(event.table, signal);
      }
      return "the control plane closed it";
    } catch (error) {
      const cause: unknown = silence.signal.aborted ? silence.signal.reason : error;
      return cause instanceof Error ? cause.message : String(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async #offer(offered: RouteTable, signal: AbortSignal): Promise<void> {
    const held = this.#table;
    const verdict = classifyOffer(held, offered);
    if (verdict === "take") this.#take(offered);
    if (verdict !== "verify" || held === undefined) return;
    const head = await this.#source.head(signal);
    if (isSame(held, head)) return;
    if (head.epoch <= held.epoch) {
      const fields = {
        reason: "TableHistoryChanged",
        held: formatTableId(held),
        head: formatTableId(head),
      };
      this.#log.warn(fields, "the route table has a new history; it is followed from its head");
    }
    this.#take(head);
  }

  #take(table: RouteTable): void {
    const previous = this.#table;
    this.#table = table;
    for (const listener of this.#listeners) {
      try {
        listener(table, previous);
      } catch (error) {
        this.#log.error(
          { reason: "TableListenerFailed", err: error, epoch: table.epoch },
          "a table listener threw",
        );
      }
    }
    this.#waiters.arrived(table);
  }
}
