import { randomBytes } from "node:crypto";
import {
  canonicalTable,
  emptyTable,
  type RouteTable,
  type TableContent,
  type TableId,
} from "@cocktail/route";
import { followingTable } from "../next-table.ts";
import type { AppendOutcome, RouteTableStore } from "../route-table-store.ts";
import { TableHub } from "../table-hub.ts";

interface Kept {
  readonly table: RouteTable;
  readonly createdAt: number;
}

/** Route tables in memory. */
export class MemoryTables implements RouteTableStore {
  readonly #hub = new TableHub();
  readonly #turn: () => Promise<void>;
  #history: Kept[];

  /** `turn` is awaited before each call; it rejects while the store is away. */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
    const table = emptyTable(randomBytes(4).toString("hex"));
    this.#history = [{ table, createdAt: Date.now() }];
    this.#hub.advance(table);
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

  close(): void {
    this.#hub.close();
  }

  #head(): RouteTable {
    const last = this.#history.at(-1);
    if (last === undefined) throw new RangeError("the history has no head");
    return { ...last.table, historyFloor: this.#floor() };
  }

  #floor(): number {
    return this.#history[0]?.table.epoch ?? 0;
  }
}
