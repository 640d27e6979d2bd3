import type { Logger } from "@cocktail/client";
import {
  type RecordStep,
  type TableInput,
  type TablePlan,
  recordsBehind,
} from "@cocktail/environment";
import { type RouteTable, emptyTable } from "@cocktail/route";
import type { RouteTableStore } from "../store/route-table-store.ts";

type Next = Extract<TablePlan, { readonly kind: "next" }>;

export interface TableWriterOptions {
  readonly tables: Pick<RouteTableStore, "head" | "append">;
  readonly log: Logger;
  /** The table that follows the head, from the facts of now. */
  plan(): TablePlan;
  /** Settles when the writes of a decision that are being made now are made; undefined where there are none. */
  held(): Promise<void> | undefined;
  inputs(): readonly TableInput[];
  /** Writes a record that is behind the table. */
  record(step: RecordStep): Promise<void>;
  published(plan: Next): void;
  /** The head is one that this writer did not make. */
  adopted(table: RouteTable): void;
}

/**
 * The one writer of the route table. Whatever is ready when a turn comes goes into one epoch; what is asked for meanwhile
 * waits for the next turn.
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

  /** The head as last known. */
  get table(): RouteTable {
    return this.#table;
  }

  /** The head as stored. */
  async head(): Promise<RouteTable> {
    if (this.#isStale) {
      const table = await this.#options.tables.head();
      this.#isStale = false;
      this.#adopt(table);
    }
    return this.#table;
  }

  /** Resolves when a turn that began after this call has ended: the table says what was wanted then. */
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
      // What becomes ready in the same moment shares the epoch.
      await new Promise(setImmediate);
      while (!(await this.#attempt()));
    } finally {
      this.#turn = undefined;
    }
  }

  /** False where somebody else was first. */
  async #attempt(): Promise<boolean> {
    await this.head();
    // What served is recorded before the next table, which may not list it any more.
    for (;;) {
      // Planned from all writes of a decision or from none: between this look and the plan nothing else runs.
      for (let held = this.#options.held(); held !== undefined; held = this.#options.held())
        await held;
      const behind = recordsBehind(this.#options.inputs());
      if (behind.length === 0) break;
      for (const step of behind) await this.#options.record(step);
    }
    const plan = this.#options.plan();
    if (plan.kind === "unchanged") return true;
    // Until the answer is here it is not known what the head is.
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
