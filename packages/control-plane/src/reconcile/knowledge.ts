import {
  applyChanges,
  emptyState,
  planTable,
  type StateChange,
  type StoredState,
} from "@cocktail/environment";
import { emptyTable, type RouteTable } from "@cocktail/route";
import { StoreUnavailable } from "../store/errors.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
import { Findings } from "./findings.ts";
import type { Platform } from "../lifecycle/platform.ts";
import { type Scene, tableInputs } from "./scene.ts";
import type { StateStore } from "../lifecycle/state-store.ts";

export interface KnowledgeOptions {
  readonly store: RouteTableStore & StateStore;
  readonly platform: Pick<Platform, "status">;
  readonly run: string;
  readonly clock: () => number;
}

/** What a change of the table or the state touched. */
export interface Published {
  readonly table: RouteTable;
  readonly variants: readonly string[];
  readonly environments: readonly string[];
}

/**
 * The stored state and the head of the table as this process knows them; the only writer of both. Changes are decided and
 * written one after the other, so that none is decided on what another is about to change. After an outage of the store it
 * is not known whether the last write was made: everything is read again before the next.
 */
export class Knowledge {
  readonly findings = new Findings();
  readonly #options: KnowledgeOptions;
  #state: StoredState = emptyState;
  #table: RouteTable = emptyTable("00000000");
  #isStale = true;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: KnowledgeOptions) {
    this.#options = options;
  }

  /** The scene as it is, or as it would be with these changes. */
  scene(changes: readonly StateChange[] = []): Scene {
    const { clock, platform, run } = this.#options;
    return {
      state: changes.length === 0 ? this.#state : applyChanges(this.#state, changes),
      table: this.#table,
      findings: this.findings,
      run,
      now: clock(),
      status: (ref) => platform.status(ref),
    };
  }

  /** Reads what is stored, if it is not known. Rejects with `StoreUnavailable`. */
  load(): Promise<void> {
    return this.#exclusively(() => Promise.resolve());
  }

  /**
   * Decides on the scene and writes the outcome; nobody else decides meanwhile. Rejects with `StoreUnavailable`; whether
   * it was written is then not known.
   */
  change<T extends { readonly changes: readonly StateChange[] }>(
    decide: (scene: Scene) => T,
  ): Promise<T> {
    return this.#exclusively(async () => {
      const decided = decide(this.scene());
      const { changes } = decided;
      if (changes.length === 0) return decided;
      await this.#trusting(() => this.#options.store.write(changes));
      this.#state = applyChanges(this.#state, changes);
      return decided;
    });
  }

  /** Publishes the table that follows from what is known, if it differs. Undefined where it does not. */
  publish(): Promise<Published | undefined> {
    return this.#exclusively(async () => {
      const scene = this.scene();
      const plan = planTable(scene.table, tableInputs(scene), scene.state.environments);
      if (plan.kind === "unchanged") return undefined;
      const { table, variants, environments } = plan;
      const outcome = await this.#trusting(() =>
        this.#options.store.append(scene.table.epoch, table),
      );
      if (outcome.kind === "conflict") {
        this.#isStale = true;
        throw new Error(`somebody else published epoch ${outcome.head.epoch}; planned again`);
      }
      this.#table = outcome.table;
      this.findings.changed([...variants, ...environments], outcome.table.epoch);
      return { table: outcome.table, variants, environments };
    });
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      if (this.#isStale) await this.#reload();
      return await work();
    } finally {
      resolve();
    }
  }

  async #reload(): Promise<void> {
    const { store } = this.#options;
    const [state, table] = [await store.load(), await store.head()];
    if (table.epoch !== this.#table.epoch || table.tag !== this.#table.tag) {
      this.findings.rebase(table.epoch);
    }
    this.#state = state;
    this.#table = table;
    this.#isStale = false;
  }

  async #trusting<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      // Also after what is no outage: a write that failed half way through is worth a look at what is stored.
      if (StoreUnavailable.is(error) || error instanceof Error) this.#isStale = true;
      throw error;
    }
  }
}
