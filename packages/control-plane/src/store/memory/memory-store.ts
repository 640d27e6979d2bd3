import { randomBytes } from "node:crypto";
import type { StateChange, StoredState } from "@cocktail/environment";
import {
  canonicalTable,
  emptyTable,
  type RouteTable,
  type TableContent,
  type TableId,
} from "@cocktail/route";
import { StoreUnavailable } from "../errors.ts";
import { followingTable } from "../next-table.ts";
import type { AppendOutcome } from "../route-table-store.ts";
import type { Store } from "../store.ts";
import { TableHub } from "../table-hub.ts";
import { MemoryState } from "./memory-state.ts";

interface Kept {
  readonly table: RouteTable;
  readonly createdAt: number;
}

/** A store that forgets with the process: for tests of what stands above it. Passes the same suite as Postgres. */
export class MemoryStore implements Store {
  readonly #hub = new TableHub();
  readonly #state = new MemoryState();
  readonly #listeners = new Set<(available: boolean) => void>();
  #history: Kept[];
  #available = true;

  constructor() {
    const table = emptyTable(randomBytes(4).toString("hex"));
    this.#history = [{ table, createdAt: Date.now() }];
    this.#hub.advance(table);
  }

  get available(): boolean {
    return this.#available;
  }

  /** As an outage of a real store: every call rejects until it is set back. */
  setAvailable(available: boolean): void {
    this.#available = available;
    for (const listener of this.#listeners) listener(available);
  }

  onAvailability(listener: (available: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async head(): Promise<RouteTable> {
    await this.#turn();
    return this.#head();
  }

  async append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome> {
    await this.#turn();
    const head = this.#head();
    if (head.epoch !== expectedEpoch) return { kind: "conflict", head };
    if (canonicalTable(head) === canonicalTable(content)) return { kind: "unchanged", table: head };
    const table = structuredClone(followingTable(head, content));
    this.#history.push({ table, createdAt: Date.now() });
    this.#hub.advance(table);
    return { kind: "appended", table };
  }

  async at(epoch: number): Promise<RouteTable | undefined> {
    await this.#turn();
    const kept = this.#history.find(({ table }) => table.epoch === epoch);
    return kept && { ...kept.table, historyFloor: this.#floor() };
  }

  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable> {
    return this.#hub.watch(from, signal);
  }

  async prune(before: Date): Promise<number> {
    await this.#turn();
    const current = this.#history.findLastIndex(({ createdAt }) => createdAt <= before.getTime());
    this.#history = this.#history.slice(Math.max(current, 0));
    return this.#floor();
  }

  async load(): Promise<StoredState> {
    await this.#turn();
    return this.#state.load();
  }

  async write(changes: readonly StateChange[]): Promise<void> {
    await this.#turn();
    this.#state.write(changes);
  }

  async close(): Promise<void> {
    this.#hub.close();
    await Promise.resolve();
  }

  /** A store never answers in the turn it was asked, so that its users can't come to rely on that. */
  async #turn(): Promise<void> {
    await Promise.resolve();
    if (!this.#available) throw new StoreUnavailable("it was switched off");
  }

  #head(): RouteTable {
    const last = this.#history.at(-1);
    if (last === undefined) throw new RangeError("a history without a head");
    return { ...last.table, historyFloor: this.#floor() };
  }

  #floor(): number {
    return this.#history[0]?.table.epoch ?? 0;
  }
}
