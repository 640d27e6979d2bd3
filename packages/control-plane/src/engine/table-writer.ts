import type { Logger } from "@cocktail/client";
import {
  type RecordStep,
  type TableInput,
  type TablePlan,
  staleRecords,
} from "@cocktail/environment";
import { type RouteTable, emptyTable } from "@cocktail/route";
import type { RouteTableStore } from "../store/route-table-store.ts";

type Next = Extract<TablePlan, { readonly kind: "next" }>;

export interface TableWriterOptions {
  readonly tables: Pick<RouteTableStore, "head" | "append">;
  readonly log: Logger;
  /** Plans the next table from the current facts. */
  plan(): TablePlan;
  /** Resolves when the writes of the current decisions are done; undefined if there are none. */
  held(): Promise<void> | undefined;
  inputs(): readonly TableInput[];
  /** Writes a stale record. */
  record(step: RecordStep): Promise<void>;
  published(plan: Next): void;
  /** Called with a head that this writer did not append. */
  adopted(table: RouteTable): void;
}

/**
 * The only writer of the route table. All changes that are ready when a turn starts share one epoch; requests during a
 * turn wait for the next one.
 */
export class TableWriter {
  readonly #options: TableWriterOptions;
  #table: RouteTable = emptyTable("00000000");
  #isStale = true;
  #turn: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: TableWriterOptions) {
    this.#options = options;
  }

  /** The cached head. */
  get table(): RouteTable {
    return this.#table;
  }

  /** The stored head. */
  async head(): Promise<RouteTable> {
    if (this.#isStale) {
      const table = await this.#options.tables.head();
      this.#isStale = false;
      this.#adopt(table);
    }
    return this.#table;
  }

  /** Resolves after a turn that started after this call, so that the table contains all earlier changes. */
  async publish(): Promise<void> {
    if (this.#turn === undefined) {
      this.#turn = this.#take();
      return this.#turn;
    }
    this.#next ??= this.#turn.then(
      () => this.#follow(),
      () => this.#follow(),
    );
    return this.#next;
  }

  async idle(): Promise<void> {
    await Promise.allSettled([this.#turn, this.#next]);
  }

  async #follow(): Promise<void> {
    this.#next = undefined;
    this.#turn = this.#take();
    return this.#turn;
  }

  async #take(): Promise<void> {
    try {
      // Changes of the same event loop turn share the epoch.
      await new Promise(setImmediate);
      while (!(await this.#attempt()));
    } finally {
      this.#turn = undefined;
    }
  }

  /** False if another writer appended first. */
  async #attempt(): Promise<boolean> {
    await this.head();
    // Served incarnations are recorded before the next table, which may no longer list them.
    for (;;) {
      // The plan must include all writes of a decision or none. No other code runs between this check and the plan.
      for (let held = this.#options.held(); held !== undefined; held = this.#options.held())
        await held;
      const behind = staleRecords(this.#options.inputs());
      if (behind.length === 0) break;
      for (const step of behind) await this.#options.record(step);
    }
    const plan = this.#options.plan();
    if (plan.kind === "unchanged") return true;
    // Until the append has succeeded, the head is unknown.
    this.#isStale = true;
    const outcome = await this.#options.tables.append(plan.table.epoch - 1, plan.table);
    this.#isStale = false;
    if (outcome.kind === "appended") {
      this.#table = outcome.table;
      this.#options.published({ ...plan, table: outcome.table });
      return true;
    }
    this.#adopt(outcome.kind === "conflict" ? outcome.head : outcome.table);
    return outcome.kind === "unchanged";
  }

  #adopt(table: RouteTable): void {
    const isSame = table.epoch === this.#table.epoch && table.tag === this.#table.tag;
    this.#table = table;
    if (isSame) return;
    this.#options.log.info(
      { epoch: table.epoch, tag: table.tag },
      "route table read from the store",
    );
    this.#options.adopted(table);
  }
}
