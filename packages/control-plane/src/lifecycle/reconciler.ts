import {
  environmentConditions,
  environmentsNaming,
  planEnvironment,
  planTable,
  planVariant,
  variantConditions,
} from "@cocktail/environment";
import { formatVariant, parseVariant } from "@cocktail/route";
import { type Callbacks, act, environmentKey, variantKey } from "./act.ts";
import type { Core } from "./core.ts";
import { memberFacts } from "./member-facts.ts";
import {
  type Sources,
  observeAll,
  observeEnvironment,
  observeVariant,
  variantNames,
} from "./observe.ts";
import { type WorkResult, WorkQueue } from "./work-queue.ts";

/** A reconcile that goes on and on is a defect; it then comes back with the pauses of a failure. */
const maxTurns = 100;

/**
 * Brings every object to what is wanted: gather, plan, act, and again until nothing is left to do or something is
 * awaited. Whatever is awaited puts the object's name back into the queue.
 */
export class Reconciler {
  readonly #core: Core;
  readonly #queue: WorkQueue;
  readonly #publishing = new Set<string>();
  readonly #looked: () => void;
  #holdUntil = 0;

  constructor(core: Core, looked: () => void) {
    this.#core = core;
    this.#looked = looked;
    const { firstBackoffMs: first, longestBackoffMs: longest, concurrency } = core.limits;
    this.#queue = new WorkQueue({
      clock: core.clock,
      concurrency,
      backoffMs: { first, longest },
      work: (key) => this.#reconcile(key),
      failed: (object, error, retryInMs) => {
        core.log.warn({ object, err: error, retryInMs }, "reconcile failed, is tried again");
      },
    });
  }

  /** Everything there is, once; the first table waits a little for those that are about to be ready. */
  begin(): void {
    this.#holdUntil = this.#core.clock.now() + this.#core.limits.startupBatchMs;
    for (const { service, key } of variantNames(this.#core.sources())) {
      this.variant(formatVariant(service, key));
    }
    this.environments();
    this.#queue.addAt(tableKey, this.#holdUntil);
  }

  variant(name: string): void {
    this.#queue.add(variantKey(name));
  }

  /** What the environments look like depends on their variants. */
  environments(): void {
    for (const { name } of this.#core.state.known.state.environments) this.environment(name);
  }

  environment(name: string): void {
    this.#queue.add(environmentKey(name));
  }

  published(names: readonly string[]): void {
    for (const name of names) {
      if (name.includes(":")) this.#changedVariant(name);
      else this.environment(name);
    }
  }

  /** The platform says that a workload changed. */
  #changedVariant(name: string): void {
    this.variant(name);
    const pin = parseVariant(name);
    if (pin === undefined) return;
    // A candidate's end begins with stable's new entry.
    if (pin.key === "stable") this.variant(formatVariant(pin.service, "rc"));
    const { state } = this.#core.state.known;
    for (const layer of environmentsNaming(state, pin.service, pin.key)) this.environment(layer);
  }

  changed(name: string): void {
    this.#changedVariant(name);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
    await this.#core.writer.idle();
  }

  async #reconcile(key: string): Promise<WorkResult> {
    if (key === tableKey) return this.#publish();
    try {
      return await this.#reconcileObject(key);
    } finally {
      this.#looked();
    }
  }

  async #reconcileObject(key: string): Promise<WorkResult> {
    const at = key.indexOf(" ");
    const name = key.slice(at + 1);
    return key.startsWith("variant ")
      ? this.#reconcileVariant(name)
      : this.#reconcileEnvironment(name);
  }

  async #reconcileVariant(name: string): Promise<WorkResult> {
    const key = variantKey(name);
    const pin = parseVariant(name);
    if (pin === undefined) return {};
    for (let turn = 0; turn < maxTurns; turn++) {
      await this.#lookForWork(name);
      const { desired, observed } = observeVariant(await this.#core.freshSources(), pin);
      const now = this.#core.clock.now();
      const plan = planVariant(desired, observed, now, this.#core.policy);
      if (desired !== undefined) {
        const facts = variantConditions(desired, observed, now, this.#core.policy);
        this.#core.knowledge.stamp(name, facts, now);
      }
      if (plan.ready.length === 0) this.#queue.settle(key);
      const outcomes = [];
      for (const action of plan.ready)
        outcomes.push(await act(this.#core, key, action, this.#calls));
      if (!outcomes.includes("done")) return { againAt: plan.planAgainAt };
    }
    throw new Error(`${name} does not come to rest`);
  }

  /** Only a lifetime that is over makes it worth asking. */
  async #lookForWork(name: string): Promise<void> {
    const { clock, knowledge, platform, state } = this.#core;
    const desired = (await state.fresh()).variant(name);
    const isOver = desired?.expiresAt !== undefined && desired.expiresAt <= clock.now();
    if (!isOver || desired.deleted) {
      knowledge.uncommitted.delete(name);
      return;
    }
    if (await platform.uncommittedWork(desired.service, desired.key))
      knowledge.uncommitted.add(name);
    else knowledge.uncommitted.delete(name);
  }

  #stampEnvironment(
    name: string,
    sources: Sources,
    { desired, observed }: ReturnType<typeof observeEnvironment>,
  ): void {
    const { clock, knowledge, policy } = this.#core;
    const key = environmentKey(name);
    if (desired === undefined) {
      knowledge.forgetVariant(key);
      return;
    }
    const { generation, expiresAt } = desired;
    const members = memberFacts(this.#core, sources, name);
    const now = clock.now();
    const facts = environmentConditions({ generation, expiresAt, members, observed }, now, policy);
    knowledge.stamp(key, facts, now);
  }

  async #reconcileEnvironment(name: string): Promise<WorkResult> {
    const key = environmentKey(name);
    for (let turn = 0; turn < maxTurns; turn++) {
      const sources = await this.#core.freshSources();
      const inputs = observeAll(sources);
      const next = planTable(sources.table, inputs, sources.state.state.environments);
      const nextTable = next.kind === "next" ? next.table : sources.table;
      const { desired, observed } = observeEnvironment(sources, name, nextTable);
      const now = this.#core.clock.now();
      const plan = planEnvironment(desired, observed, now, this.#core.policy);
      this.#stampEnvironment(name, sources, { desired, observed });
      if (plan.ready.length === 0) this.#queue.settle(key);
      const outcomes = [];
      for (const action of plan.ready)
        outcomes.push(await act(this.#core, key, action, this.#calls));
      if (!outcomes.includes("done")) return { againAt: plan.planAgainAt };
      // Its parent may have waited for it to go.
      if (desired !== undefined) this.environment(desired.parent);
    }
    throw new Error(`environment ${name} does not come to rest`);
  }

  async #publish(): Promise<WorkResult> {
    if (this.#isHeld()) return { againAt: this.#holdUntil };
    const asked = [...this.#publishing];
    this.#publishing.clear();
    const before = this.#core.writer.table.epoch;
    try {
      await this.#core.writer.publish();
    } catch (error) {
      for (const key of asked) this.#publishing.add(key);
      throw error;
    }
    this.#queue.settle(tableKey);
    // Asked for and not needed: somebody else's turn had it already, or a defect asks again and again.
    const isNew = this.#core.writer.table.epoch !== before;
    for (const key of asked) {
      if (isNew) this.#queue.add(key);
      else this.#queue.addLater(key);
    }
    return {};
  }

  /** Until everything is ready or has failed, for a short while: one epoch restores what one epoch can. */
  #isHeld(): boolean {
    if (this.#core.clock.now() >= this.#holdUntil) return false;
    return observeAll(this.#core.sources()).some(({ desired, observed }) => {
      if (desired === undefined || desired.deleted) return false;
      const plan = planVariant(desired, observed, this.#core.clock.now(), this.#core.policy);
      return plan.ready.some(({ kind }) => beforeReady.has(kind));
    });
  }

  readonly #calls: Callbacks = {
    again: (key) => {
      this.#queue.add(key);
    },
    againLater: (key) => this.#queue.addLater(key),
    publish: (key) => {
      this.#publishing.add(key);
      this.#queue.add(tableKey);
    },
  };
}

const tableKey = "table";
const beforeReady: ReadonlySet<string> = new Set([
  "CreateIncarnation",
  "EnsureWorkload",
  "AwaitReady",
  "RecordState",
]);
