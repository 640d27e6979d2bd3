import {
  type Action,
  findEnvironment,
  findVariant,
  formatIncarnation,
  type IncarnationRef,
  type Plan,
  planEnvironment,
  planVariant,
  type Policy,
  type StateChange,
} from "@cocktail/environment";
import { formatVariant, parseVariant, RC, STABLE } from "@cocktail/route";
import type { Platform, Readers } from "../lifecycle/platform.ts";
import type { Logger } from "../log.ts";
import { Background } from "./background.ts";
import type { Knowledge } from "./knowledge.ts";
import {
  environmentNames,
  observeEnvironment,
  observeVariant,
  type Scene,
  variantNames,
} from "./scene.ts";
import { isStateStep, stateChanges } from "./state-steps.ts";
import { WorkQueue } from "./work-queue.ts";

export interface ReconcilerOptions {
  readonly knowledge: Knowledge;
  readonly platform: Platform;
  readonly readers: Readers;
  readonly policy: Policy;
  readonly log: Logger;
  /** A request in flight has so long before its incarnation is stopped. */
  readonly drainBudgetMs: number;
  /** Called when something that a view shows may have changed. */
  readonly onChange: () => void;
}

const tableKey = "table";
const variantKey = (name: string): string => `variant ${name}`;
const environmentKey = (name: string): string => `environment ${name}`;
/** A plan in one visit; what is left comes with the next. */
const maxRounds = 50;

/**
 * Gathers, plans and acts, one `service:key` or environment at a time, until there is nothing left to do. What takes long
 * runs beside, and wakes its owner when it has ended.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #queue: WorkQueue;
  readonly #background: Background;
  readonly #stop = new AbortController();
  #unsubscribe: (() => void) | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { log } = options;
    this.#queue = new WorkQueue({ work: (key) => this.#visit(key), concurrency: 32, log });
    this.#background = new Background((name, owner, failure) => this.#ended(name, owner, failure));
  }

  start(): void {
    this.#unsubscribe = this.#options.platform.onChange(({ service, key }) => {
      this.wakeVariant(formatVariant(service, key));
      this.#options.onChange();
    });
    this.wakeAll();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#stop.abort();
    await this.#queue.stop();
    await this.#background.idle();
  }

  wakeAll(): void {
    const scene = this.#options.knowledge.scene();
    for (const name of variantNames(scene)) this.wakeVariant(name);
    for (const name of environmentNames(scene)) this.#queue.add(environmentKey(name));
    this.#queue.add(tableKey);
  }

  wakeVariant(name: string): void {
    this.#queue.add(variantKey(name));
  }

  /** After these were written. */
  changed(changes: readonly StateChange[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "PutVariant":
          this.#wakePair(change.variant.service, change.variant.key);
          break;
        case "PutIncarnation":
          this.#wakePair(change.incarnation.service, change.incarnation.key);
          break;
        case "RemoveVariant":
        case "RemoveIncarnation":
          this.#wakePair(change.service, change.key);
          break;
        case "PutEnvironment":
          this.#queue.add(environmentKey(change.environment.name));
          break;
        case "RemoveEnvironment":
          this.#queue.add(environmentKey(change.name));
          break;
        case "PutService":
        case "RemoveService":
          break;
      }
    }
    if (changes.length === 0) return;
    // A member that failed, came or went may let an environment open, whoever it belongs to.
    this.#queue.add(tableKey);
    this.#options.onChange();
  }

  planVariant(scene: Scene, name: string): Plan {
    const pin = parseVariant(name);
    if (pin === undefined) throw new Error(`not a variant: ${name}`);
    const desired = findVariant(scene.state, pin.service, pin.key);
    const observed = observeVariant(scene, pin.service, pin.key);
    return planVariant(desired, observed, scene.now, this.#options.policy);
  }

  planEnvironment(scene: Scene, name: string): Plan {
    const desired = findEnvironment(scene.state, name);
    const observed = observeEnvironment(scene, name);
    return planEnvironment(desired, observed, scene.now, this.#options.policy);
  }

  /** Stable and the candidate of a service depend on each other in a promotion. */
  #wakePair(service: string, key: string): void {
    this.wakeVariant(formatVariant(service, key));
    if (key === STABLE) this.wakeVariant(formatVariant(service, RC));
    if (key === RC) this.wakeVariant(formatVariant(service, STABLE));
  }

  async #visit(key: string): Promise<void> {
    if (key === tableKey) return this.#publish();
    const at = key.indexOf(" ");
    const name = key.slice(at + 1);
    const isVariant = key.slice(0, at) === "variant";
    if (isVariant) await this.#lookForUncommittedWork(name);
    const plan = (scene: Scene): Plan =>
      isVariant ? this.planVariant(scene, name) : this.planEnvironment(scene, name);
    for (let round = 0; round < maxRounds; round++) {
      if (await this.#advanceState(plan)) continue;
      const { ready, planAgainAt } = plan(this.#options.knowledge.scene());
      let hadEffect = false;
      for (const action of ready) {
        if (!isStateStep(action) && (await this.#begin(key, action))) hadEffect = true;
      }
      if (hadEffect) continue;
      if (planAgainAt !== undefined) {
        this.#queue.addAfter(key, planAgainAt - this.#options.knowledge.scene().now);
      }
      return;
    }
    this.#queue.add(key);
  }

  /** Writes what can be written; plans again inside the turn, so that nothing is done that is no longer wanted. */
  async #advanceState(plan: (scene: Scene) => Plan): Promise<boolean> {
    const { knowledge } = this.#options;
    if (!plan(knowledge.scene()).ready.some(isStateStep)) return false;
    const { actions, changes } = await knowledge.change((scene) => {
      const steps = plan(scene).ready.filter(isStateStep);
      return { actions: steps, changes: steps.flatMap((step) => stateChanges(scene, step)) };
    });
    for (const action of actions) this.#forget(action);
    this.changed(changes);
    return changes.length > 0;
  }

  #forget(action: Action): void {
    const { findings } = this.#options.knowledge;
    if (action.kind === "ForgetIncarnation") findings.forgetIncarnation(action.ref);
    if (action.kind === "ForgetVariant") findings.forgetVariant(action.target);
  }

  /** True when it had its effect before it returned. What has not wakes the key later. */
  async #begin(key: string, action: Action): Promise<boolean> {
    switch (action.kind) {
      case "EnsureWorkload":
        return this.#ensure(action.ref);
      case "RemoveWorkload":
        return this.#remove(action);
      case "PublishTable":
        this.#queue.add(tableKey);
        return false;
      case "AwaitReaders":
        return this.#awaitReaders(key, action.epoch);
      case "ProbeRoute":
        this.#background.begin(`probe ${formatIncarnation(action.ref)}`, key, () =>
          this.#probe(action.ref),
        );
        return false;
      case "DrainWorkload":
        this.#background.begin(`drain ${formatIncarnation(action.ref)}`, key, () =>
          this.#drain(action.ref),
        );
        return false;
      default:
        // AwaitReady: the platform says when.
        return false;
    }
  }

  async #ensure(ref: IncarnationRef): Promise<boolean> {
    const { knowledge, platform } = this.#options;
    const desired = findVariant(knowledge.scene().state, ref.service, ref.key);
    if (desired === undefined) return false;
    const { source, command, env } = desired;
    const workload = workloadRef(ref);
    await platform.ensureWorkload({ ...workload, source, command, env });
    return platform.status(workload).phase !== "Absent";
  }

  async #remove(action: Extract<Action, { kind: "RemoveWorkload" }>): Promise<boolean> {
    const { knowledge, platform, log } = this.#options;
    const { discard, last, ref } = action;
    const outcome = await platform.removeWorkload(workloadRef(ref), { discard, last });
    if (outcome === "uncommittedWork") {
      const workload = formatIncarnation(ref);
      log.warn({ workload, reason: "UncommittedWork" }, "its checkout was left where it is");
    }
    knowledge.findings.remove(ref, last ? "checkout" : "workload");
    return true;
  }

  #awaitReaders(key: string, epoch: number): boolean {
    const { knowledge, readers } = this.#options;
    this.#background.begin(`readers ${epoch} for ${key}`, key, async () => {
      await readers.awaitAcked(epoch, this.#stop.signal);
      knowledge.findings.ack(epoch);
    });
    return false;
  }

  async #probe(ref: IncarnationRef): Promise<void> {
    const { knowledge, readers } = this.#options;
    const { findings } = knowledge;
    const name = formatVariant(ref.service, ref.key);
    const result = await readers.probe(workloadRef(ref));
    if (result.ok) {
      findings.probe(name, ref.number);
      return;
    }
    findings.probeFailed(name, result.message);
    throw new Error(`probe of ${formatIncarnation(ref)}: ${result.message}`);
  }

  async #drain(ref: IncarnationRef): Promise<void> {
    const { knowledge, readers, drainBudgetMs } = this.#options;
    const record = knowledge
      .scene()
      .state.incarnations.find((each) => formatIncarnation(each) === formatIncarnation(ref));
    const destination = record?.destination ?? "";
    const how = await readers.drained(workloadRef(ref), destination, drainBudgetMs);
    knowledge.findings.drained(ref, how);
  }

  #ended(name: string, owner: string, failure: unknown): void {
    const { log, onChange } = this.#options;
    onChange();
    if (this.#stop.signal.aborted) return;
    if (failure === undefined) {
      this.#queue.forgetFailures(owner);
      this.#queue.add(owner);
      return;
    }
    log.debug({ err: failure, name }, "will be tried again");
    this.#queue.addFailed(owner);
  }

  async #publish(): Promise<void> {
    const published = await this.#options.knowledge.publish();
    if (published === undefined) return;
    const { table, variants, environments } = published;
    this.#options.log.info({ epoch: table.epoch, variants, environments }, "published");
    for (const name of variants) {
      const pin = parseVariant(name);
      if (pin !== undefined) this.#wakePair(pin.service, pin.key);
    }
    for (const name of environments) this.#queue.add(environmentKey(name));
    this.#options.onChange();
  }

  /** Only asked when it matters: when a lifetime is over, the work must not go with it. */
  async #lookForUncommittedWork(name: string): Promise<void> {
    const { knowledge, platform } = this.#options;
    const { state, now } = knowledge.scene();
    const pin = parseVariant(name);
    const desired = pin && findVariant(state, pin.service, pin.key);
    if (pin === undefined || desired?.expiresAt === undefined) return;
    if (desired.deleted || desired.expiresAt > now) return;
    const has = await platform.uncommittedWork(pin.service, pin.key);
    knowledge.findings.setUncommittedWork(name, has);
  }
}

function workloadRef({ service, key, number }: IncarnationRef): {
  readonly service: string;
  readonly key: string;
  readonly incarnation: number;
} {
  return { service, key, incarnation: number };
}
