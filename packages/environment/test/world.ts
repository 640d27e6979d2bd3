import assert from "node:assert/strict";
import { STABLE, emptyTable, own, parseVariant, readTable, type RouteTable } from "@cocktail/route";
import {
  type Action,
  type Decision,
  type IncarnationRef,
  type ObservedEnvironment,
  type ObservedIncarnation,
  type ObservedVariant,
  type ObservedWorkload,
  type Plan,
  type StateChange,
  type StoredState,
  type TableInput,
  absentWorkload,
  applyChanges,
  counterOf,
  decideDeleteEnvironment,
  defaultPolicy,
  childrenOf,
  emptyState,
  findEnvironment,
  findVariant,
  formatIncarnation,
  newIncarnation,
  planEnvironment,
  planTable,
  planVariant,
  promotedGeneration,
  recordsBehind,
} from "@cocktail/environment";
import { type Memory, freshMemory } from "./memory.ts";

/** What becomes of a generation's workload once it is started. */
export type Fate = "ready" | "failed" | "crashLoop";

/**
 * A store, a platform and gateways in a few maps. It executes actions the way a control plane does, one at a time, and
 * watches on every step what must never happen.
 */
export class World {
  state: StoredState = emptyState;
  table: RouteTable = emptyTable("00000000");
  readonly workloads: Map<string, ObservedWorkload> = new Map();
  readonly checkouts: Set<string> = new Set();
  /** `service:key` -> fate of its next workloads. */
  readonly fates: Map<string, Fate> = new Map();
  readonly acted: Action[] = [];
  run = "run-1";
  now = 1_000_000;
  /** Epoch that every gateway holds, and the one in which an incarnation left the table: true whoever remembers it. */
  #held = 0;
  readonly #unlistedAt = new Map<string, number>();
  #memory: Memory = freshMemory();
  #runs = 1;

  apply(changes: readonly StateChange[]): void {
    this.state = applyChanges(this.state, changes);
  }

  /** Applies a decision; false where it was refused. */
  decided(decision: Decision): boolean {
    if (decision.kind === "refused") return false;
    this.apply(decision.changes);
    return true;
  }

  names(): readonly string[] {
    const names = new Set<string>();
    for (const { service, key } of [...this.state.variants, ...this.state.incarnations]) {
      names.add(`${service}:${key}`);
    }
    for (const [service, variants] of Object.entries(this.table.services)) {
      for (const key of Object.keys(variants)) names.add(`${service}:${key}`);
    }
    return [...names].toSorted();
  }

  observe(service: string, key: string): ObservedVariant {
    const name = `${service}:${key}`;
    return {
      service,
      key,
      incarnations: this.state.incarnations
        .filter((each) => each.service === service && each.key === key)
        .map((record): ObservedIncarnation => {
          const ref = formatIncarnation(record);
          return {
            record,
            workload: this.workloads.get(ref) ?? absentWorkload,
            drain: this.#memory.drain.get(ref) ?? "unknown",
            isRemoved: this.#memory.removed.has(ref),
          };
        }),
      lastIncarnation: counterOf(this.state, service, key).incarnation,
      route: {
        entry: own(own(this.table.services, service) ?? {}, key),
        changedAt: this.#memory.changedAt.get(name) ?? this.table.epoch,
        acked: this.#memory.acked,
        probed: this.#memory.probed.get(name),
      },
      promoted: key === "rc" ? this.#promoted(service) : undefined,
      uncommittedWork: false,
      isReleased: this.#memory.released.has(name),
      run: this.run,
    };
  }

  #promoted(service: string): number | undefined {
    const stable = this.input(service, STABLE);
    const listed = stable.observed.route.entry?.incarnation;
    const isListed = stable.observed.incarnations.some(
      ({ record }) => record.number === listed && record.generation === stable.desired?.generation,
    );
    return isListed ? promotedGeneration(stable) : undefined;
  }

  input(service: string, key: string): TableInput {
    return { desired: findVariant(this.state, service, key), observed: this.observe(service, key) };
  }

  inputs(): readonly TableInput[] {
    return this.names().map((name) => {
      const pin = parseVariant(name);
      assert.ok(pin);
      return this.input(pin.service, pin.key);
    });
  }

  plan(name: string): Plan {
    const pin = parseVariant(name);
    assert.ok(pin, name);
    const { desired, observed } = this.input(pin.service, pin.key);
    return planVariant(desired, observed, this.now);
  }

  observeEnvironment(name: string): ObservedEnvironment {
    const plan = planTable(this.table, this.inputs(), this.state.environments);
    const next = plan.kind === "next" ? plan.table : this.table;
    return {
      name,
      layer: own(this.table.environments, name),
      nextLayer: own(next.environments, name),
      changedAt: this.#memory.changedAt.get(name) ?? this.table.epoch,
      acked: this.#memory.acked,
      isParent: childrenOf(this.state, name).length > 0,
    };
  }

  planEnvironment(name: string): Plan {
    const desired = findEnvironment(this.state, name);
    return planEnvironment(desired, this.observeEnvironment(name), this.now);
  }

  environmentNames(): readonly string[] {
    const names = new Set(Object.keys(this.table.environments));
    for (const { name } of this.state.environments) names.add(name);
    return [...names].toSorted();
  }

  /** Every action that could be taken now, in a fixed order. */
  ready(): readonly Action[] {
    const ofVariants = this.names().flatMap((name) => this.plan(name).ready);
    const ofLayers = this.environmentNames().flatMap((name) => this.planEnvironment(name).ready);
    return [...ofVariants, ...ofLayers];
  }

  /** Takes actions until there are none; `choose` picks among those that are ready. */
  settle(choose: (count: number) => number = () => 0): void {
    for (let steps = 0; ; steps++) {
      const ready = this.ready().filter((action) => !this.#isStuck(action));
      if (ready.length === 0) return;
      const action = ready[choose(ready.length) % ready.length];
      assert.ok(action);
      this.act(action);
      assert.ok(steps < 2_000, `no end: ${JSON.stringify(this.acted.slice(-6))}`);
    }
  }

  /** The same, but all that is ready of one object at a time, as a control plane takes them. */
  settleInWaves(choose: (count: number) => number = () => 0): void {
    for (let waves = 0; ; waves++) {
      const ofVariants = this.names().map((name) => this.plan(name).ready);
      const ofLayers = this.environmentNames().map((name) => this.planEnvironment(name).ready);
      const ready = [...ofVariants, ...ofLayers]
        .map((wave) => wave.filter((action) => !this.#isStuck(action)))
        .filter((wave) => wave.length > 0);
      if (ready.length === 0) return;
      for (const action of ready[choose(ready.length) % ready.length] ?? []) this.act(action);
      assert.ok(waves < 2_000, `no end: ${JSON.stringify(this.acted.slice(-6))}`);
    }
  }

  /** Waiting for what never comes: a stable that keeps ending is waited for without end. */
  #isStuck(action: Action): boolean {
    return (
      action.kind === "AwaitReady" &&
      this.workloads.get(formatIncarnation(action.ref))?.phase === "CrashLoop"
    );
  }

  act(action: Action): void {
    this.acted.push(action);
    switch (action.kind) {
      case "PublishTable":
        return this.publish();
      case "AwaitReaders":
        this.#held = this.table.epoch;
        this.#memory.acked = this.table.epoch;
        return;
      case "DestroyVariant":
        return this.#destroy(action.target);
      case "DestroyEnvironment":
        return this.#destroyEnvironment(action.target);
      case "ReleaseVariant":
        return this.#release(action.target);
      case "ForgetVariant":
        return this.#forget(action.target);
      default:
        return this.#actOnIncarnation(action);
    }
  }

  #actOnIncarnation(action: Extract<Action, { readonly ref: IncarnationRef }>): void {
    const { ref } = action;
    const name = formatIncarnation(ref);
    switch (action.kind) {
      case "CreateIncarnation":
        return this.#create(ref);
      case "EnsureWorkload":
        this.checkouts.add(`${ref.service}:${ref.key}`);
        this.#memory.released.delete(`${ref.service}:${ref.key}`);
        this.workloads.set(name, { phase: "Starting", message: "" });
        return;
      case "AwaitReady":
        this.workloads.set(name, this.#outcome(ref));
        return;
      case "RecordState":
        return this.#recordState(action);
      case "ProbeRoute":
        assert.equal(this.workloads.get(name)?.phase, "Ready");
        this.#memory.probed.set(`${ref.service}:${ref.key}`, ref.number);
        return;
      case "DrainWorkload":
        this.#assertUnlisted(ref);
        assert.ok(this.workloads.has(name), `${name} does not run, and is waited for`);
        this.#memory.drain.set(name, ref.number % 3 === 0 ? "budgetOver" : "drained");
        return;
      case "RemoveWorkload":
        this.#remove(ref);
        return;
      case "ForgetIncarnation":
        this.apply([{ ...ref, kind: "RemoveIncarnation" }]);
        return;
    }
  }

  #recordState({ ref, to, failure }: Extract<Action, { readonly kind: "RecordState" }>): void {
    const record = this.#record(ref);
    const listed = own(own(this.table.services, ref.service) ?? {}, ref.key);
    const { revision, destination } = listed?.incarnation === ref.number ? listed : record;
    const incarnation = { ...record, state: to, failure, revision, destination };
    this.apply([{ kind: "PutIncarnation", incarnation }]);
  }

  #create(ref: IncarnationRef): void {
    const desired = findVariant(this.state, ref.service, ref.key);
    assert.ok(desired);
    const used = counterOf(this.state, ref.service, ref.key).incarnation;
    assert.ok(ref.number > used, `${formatIncarnation(ref)} was used before`);
    const { run, now } = this;
    this.apply([
      { kind: "PutIncarnation", incarnation: newIncarnation(desired, ref.number, { run, now }) },
    ]);
  }

  #outcome(ref: IncarnationRef): ObservedWorkload {
    const fate = this.fates.get(`${ref.service}:${ref.key}`) ?? "ready";
    if (fate === "failed") return { phase: "Failed", message: "exit 1" };
    if (fate === "crashLoop") return { phase: "CrashLoop", message: "ended 5 times" };
    return ready(ref);
  }

  #remove(ref: IncarnationRef): void {
    this.#assertUnlisted(ref);
    const name = formatIncarnation(ref);
    assert.equal(this.#record(ref).state, "GONE");
    this.workloads.delete(name);
    this.#memory.removed.add(name);
  }

  #release(name: string): void {
    const users = [...this.workloads.keys()].filter((each) => each.startsWith(`${name}#`));
    assert.deepEqual(users, [], "the checkout goes while a workload needs it");
    this.#memory.released.add(name);
    this.checkouts.delete(name);
  }

  /** No gateway may still send requests to what is about to be stopped. */
  #assertUnlisted(ref: IncarnationRef): void {
    const listed = own(own(this.table.services, ref.service) ?? {}, ref.key);
    assert.notEqual(listed?.incarnation, ref.number, `${formatIncarnation(ref)} is still listed`);
    if (!this.workloads.has(formatIncarnation(ref))) return;
    const unlistedAt = this.#unlistedAt.get(formatIncarnation(ref)) ?? 0;
    assert.ok(this.#held >= unlistedAt, `a gateway still lists ${formatIncarnation(ref)}`);
  }

  #record(ref: IncarnationRef): StoredState["incarnations"][number] {
    const found = this.state.incarnations.find(
      (each) => each.service === ref.service && each.key === ref.key && each.number === ref.number,
    );
    assert.ok(found, formatIncarnation(ref));
    return found;
  }

  publish(): void {
    for (const step of recordsBehind(this.inputs())) this.#recordState(step);
    const plan = planTable(this.table, this.inputs(), this.state.environments);
    if (plan.kind === "unchanged") return;
    assert.equal(plan.table.epoch, this.table.epoch + 1);
    const reading = readTable(JSON.parse(JSON.stringify(plan.table)));
    assert.ok(reading.ok, JSON.stringify(reading));
    this.#watchLeaving(plan.table);
    this.table = plan.table;
    for (const name of [...plan.variants, ...plan.environments]) {
      this.#memory.changedAt.set(name, this.table.epoch);
    }
  }

  #watchLeaving(next: RouteTable): void {
    for (const [service, variants] of Object.entries(this.table.services)) {
      for (const [key, { incarnation }] of Object.entries(variants)) {
        if (own(own(next.services, service) ?? {}, key)?.incarnation === incarnation) continue;
        this.#unlistedAt.set(`${service}:${key}#${incarnation}`, next.epoch);
      }
    }
  }

  #destroy(name: string): void {
    const variant = this.state.variants.find((each) => `${each.service}:${each.key}` === name);
    assert.ok(variant);
    assert.notEqual(variant.key, STABLE);
    this.apply([{ kind: "PutVariant", variant: { ...variant, deleted: true } }]);
  }

  #destroyEnvironment(name: string): void {
    this.decided(
      decideDeleteEnvironment(this.state, {
        name,
        keepVariants: false,
        discard: false,
        uncommittedWork: new Set(),
        because: "Expired",
      }),
    );
  }

  #forget(name: string): void {
    const pin = parseVariant(name);
    assert.ok(pin);
    assert.ok(!this.checkouts.has(name), `${name} is forgotten and leaves its checkout`);
    this.apply([{ kind: "RemoveVariant", ...pin }]);
  }

  /** The control plane forgets what it did not store; with `platform`, every process dies too and a new run begins. */
  crash(what: { readonly platform: boolean }): void {
    this.#memory = freshMemory();
    if (!what.platform) return;
    this.workloads.clear();
    this.run = `run-${++this.#runs}`;
  }

  /** A process ends, or comes back. */
  setPhase(ref: IncarnationRef, phase: "Ready" | "NotReady"): void {
    const name = formatIncarnation(ref);
    if (!this.workloads.has(name)) return;
    this.workloads.set(name, phase === "Ready" ? ready(ref) : { phase, message: "ended" });
  }

  pass(milliseconds: number = defaultPolicy.stableRetryMs): void {
    this.now += milliseconds;
  }
}

function ready(ref: IncarnationRef): ObservedWorkload {
  const destination = `http://127.0.0.1/${formatIncarnation(ref)}`;
  return { phase: "Ready", message: "", destination, revision: `r-${ref.key}-${ref.number}` };
}
