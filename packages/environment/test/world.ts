import assert from "node:assert/strict";
import {
  RC,
  STABLE,
  emptyTable,
  own,
  parseVariant,
  readTable,
  type RouteTable,
} from "@cocktail/route";
import {
  type Action,
  type AnyObject,
  type Decision,
  type EnvironmentObject,
  type Facts,
  type IncarnationRef,
  type Objects,
  type ObservedEnvironment,
  type ObservedIncarnation,
  type ObservedVariant,
  type ObservedWorkload,
  type Plan,
  type RolloutRef,
  type StatusAction,
  type TableInput,
  type VariantObject,
  type DesiredLayer,
  type Write,
  ObjectIndex,
  absentWorkload,
  applyWrite,
  defaultPolicy,
  formatIncarnation,
  endingWith,
  isHeldBack,
  isLive,
  isStatusAction,
  lostWorkload,
  planEnvironment,
  planStable,
  planTable,
  planVariant,
  promotedInTable,
  staleRecords,
  desiredLayer,
  withActions,
  withStatus,
} from "@cocktail/environment";
import { type Memory, freshMemory } from "./memory.ts";

/** An action, or a service whose stable variant does not follow it yet. */
export type Step = Action | { readonly kind: "WriteStable"; readonly target: string };

/** What becomes of a rollout's workload once it is started. */
export type Fate = "ready" | "failed" | "crashLoop";

/**
 * A store, a platform and gateways in a few maps. It executes actions the way a control plane does, one at a time, and
 * watches on every step what must never happen.
 */
export class World {
  readonly #objects = new ObjectIndex();
  /** The highest incarnation number of every object that is gone. */
  #ledger = 0;
  #writes = 0;
  table: RouteTable = emptyTable("00000000");
  readonly workloads: Map<string, ObservedWorkload> = new Map();
  readonly checkouts: Set<string> = new Set();
  /** `service:key` -> fate of its next workloads. */
  readonly fates: Map<string, Fate> = new Map();
  readonly acted: Step[] = [];
  host = "host-1";
  now = 1_000_000;
  /** Epoch that every gateway holds, and the one in which an incarnation left the table; kept across crashes. */
  #held = 0;
  readonly #unlistedAt = new Map<string, number>();
  #memory: Memory = freshMemory();
  #hosts = 1;

  get objects(): Objects {
    return this.#objects;
  }

  /** Every incarnation that is remembered. */
  incarnations(): readonly (ObservedIncarnation["record"] & { readonly ref: IncarnationRef })[] {
    return [...this.#objects.variants.values()].flatMap(({ spec: { service, key }, status }) =>
      (status?.incarnations ?? []).map((record) => ({
        ...record,
        ref: { service, key, incarnation: record.number },
      })),
    );
  }

  apply(writes: readonly Write[]): void {
    for (const write of writes) {
      const version = String(++this.#writes);
      applyWrite(this.#objects, write, { now: this.now, version, uid: `uid-${version}` });
    }
  }

  /** Applies a decision; false where it was refused, or has to wait. */
  decided(decision: Decision): boolean {
    if (decision.kind !== "decided") return false;
    this.apply(decision.writes);
    return true;
  }

  names(): readonly string[] {
    const names = new Set<string>(this.#objects.variants.keys());
    for (const [service, variants] of Object.entries(this.table.services)) {
      for (const key of Object.keys(variants)) names.add(`${service}:${key}`);
    }
    return [...names].toSorted();
  }

  observe(service: string, key: string): ObservedVariant {
    const name = `${service}:${key}`;
    const status = this.#objects.variants.get(name)?.status;
    return {
      service,
      key,
      incarnations: (status?.incarnations ?? []).map((record): ObservedIncarnation => {
        const ref = { service, key, incarnation: record.number };
        const id = formatIncarnation(ref);
        const known = this.workloads.get(id) ?? absentWorkload;
        return {
          ref,
          record,
          workload: record.host === this.host ? known : lostWorkload,
          drain: this.#memory.drain.get(id) ?? "unknown",
          isRemoved: this.#memory.removed.has(id),
        };
      }),
      lastIncarnation: status?.lastIncarnation ?? this.#ledger,
      route: {
        entry: own(own(this.table.services, service) ?? {}, key),
        isHeld: isHeldBack(
          this.#objects,
          this.#objects.variants.get(name),
          (each) => this.#closing(each) === "waiting",
        ),
        changedAt: this.#memory.changedAt.get(name) ?? this.table.epoch,
        acked: this.#memory.acked,
        probed: this.#memory.probed.get(name),
      },
      promoted: key === RC ? this.promoted(service) : undefined,
      wouldLoseWork: false,
      isReleased: this.#memory.released.has(name),
    };
  }

  promoted(service: string): RolloutRef | undefined {
    return promotedInTable(this.input(service, STABLE));
  }

  input(service: string, key: string): TableInput {
    const desired = this.#objects.variants.get(`${service}:${key}`);
    return { desired, observed: this.observe(service, key) };
  }

  inputs(): readonly TableInput[] {
    return this.names().map((name) => this.#inputOf(name));
  }

  #inputOf(name: string): TableInput {
    const pin = parseVariant(name);
    assert.ok(pin, name);
    return this.input(pin.service, pin.key);
  }

  facts(name: string): Facts {
    return { ...this.#inputOf(name), now: this.now, policy: defaultPolicy };
  }

  plan(name: string): Plan {
    return planVariant(this.facts(name));
  }

  layers(): readonly DesiredLayer[] {
    return [...this.#objects.environments.values()].map((each) =>
      desiredLayer(each, this.#closing(each)),
    );
  }

  #closing(environment: EnvironmentObject): DesiredLayer["closing"] {
    if (isLive(environment)) return undefined;
    return this.#toDestroy(environment.name).length > 0 ? "waiting" : "closed";
  }

  #toDestroy(name: string): readonly string[] {
    const environment = this.#objects.environments.get(name);
    if (environment === undefined || isLive(environment)) return [];
    if (environment.spec.onDelete === "Keep") return [];
    return endingWith(this.#objects, name).map((each) => each.name);
  }

  observeEnvironment(name: string): ObservedEnvironment {
    const plan = planTable(this.table, this.inputs(), this.layers());
    const next = plan.kind === "next" ? plan.table : this.table;
    return {
      name,
      layer: own(this.table.environments, name),
      nextLayer: own(next.environments, name),
      changedAt: this.#memory.changedAt.get(name) ?? this.table.epoch,
      acked: this.#memory.acked,
      isParent: this.#objects.children(name).length > 0,
      toDestroy: this.#toDestroy(name),
    };
  }

  planEnvironment(name: string): Plan {
    const desired = this.#objects.environments.get(name);
    return planEnvironment(desired, this.observeEnvironment(name), this.now);
  }

  environmentNames(): readonly string[] {
    const names = new Set(Object.keys(this.table.environments));
    for (const name of this.#objects.environments.keys()) names.add(name);
    return [...names].toSorted();
  }

  #stableSteps(): readonly Step[] {
    const names = new Set(this.#objects.services.keys());
    for (const { spec } of this.#objects.variants.values()) names.add(spec.service);
    return [...names]
      .toSorted()
      .filter((name) => planStable(this.#objects, name, this.promoted(name)) !== undefined)
      .map((target) => ({ kind: "WriteStable", target }));
  }

  /** Every action that could be taken now, in a fixed order. */
  ready(): readonly Step[] {
    const ofVariants = this.names().flatMap((name) => this.plan(name).ready);
    const ofLayers = this.environmentNames().flatMap((name) => this.planEnvironment(name).ready);
    return [...this.#stableSteps(), ...ofVariants, ...ofLayers];
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

  /** Takes over what the file says. Which of a promotion and a change of the file is first decides what comes of the promotion. */
  followFile(): void {
    for (const step of this.#stableSteps()) this.act(step);
  }

  /** The same, but all that is ready of one object at a time, as a control plane takes them. */
  settleInWaves(choose: (count: number) => number = () => 0): void {
    for (let waves = 0; ; waves++) {
      const ofVariants = this.names().map((name) => this.plan(name).ready);
      const ofLayers = this.environmentNames().map((name) => this.planEnvironment(name).ready);
      const ofServices = this.#stableSteps().map((step) => [step]);
      const ready = [...ofServices, ...ofVariants, ...ofLayers]
        .map((wave) => wave.filter((action) => !this.#isStuck(action)))
        .filter((wave) => wave.length > 0);
      if (ready.length === 0) return;
      for (const action of ready[choose(ready.length) % ready.length] ?? []) this.act(action);
      assert.ok(waves < 2_000, `no end: ${JSON.stringify(this.acted.slice(-6))}`);
    }
  }

  /** Waiting for what never comes: a stable that keeps ending is waited for without end. */
  #isStuck(action: Step): boolean {
    return (
      action.kind === "AwaitReady" &&
      this.workloads.get(formatIncarnation(action.ref))?.phase === "CrashLoop"
    );
  }

  act(action: Step): void {
    this.acted.push(action);
    if (action.kind !== "WriteStable" && isStatusAction(action)) return this.#record(action);
    switch (action.kind) {
      case "WriteStable":
        return this.#writeStable(action.target);
      case "PublishTable":
        return this.publish();
      case "AwaitReaders":
        this.#held = this.table.epoch;
        this.#memory.acked = this.table.epoch;
        return;
      case "DestroyVariant":
        return this.#destroy(action.target);
      case "DestroyEnvironment":
        return this.#delete("Environment", action.target);
      case "ForgetEnvironment":
        return this.#forgetEnvironment(action.target);
      case "ReleaseVariant":
        return this.#release(action.target);
      case "ForgetVariant":
        return this.#forget(action.target);
      default:
        return this.#actOnIncarnation(action);
    }
  }

  #actOnIncarnation(
    action: Exclude<Extract<Action, { readonly ref: IncarnationRef }>, StatusAction>,
  ): void {
    const { ref } = action;
    const name = formatIncarnation(ref);
    switch (action.kind) {
      case "EnsureWorkload":
        this.checkouts.add(`${ref.service}:${ref.key}`);
        this.#memory.released.delete(`${ref.service}:${ref.key}`);
        this.workloads.set(name, { phase: "Starting", message: "" });
        return;
      case "AwaitReady":
        this.workloads.set(name, this.#outcome(ref));
        return;
      case "ProbeRoute":
        assert.equal(this.workloads.get(name)?.phase, "Ready");
        this.#memory.probed.set(`${ref.service}:${ref.key}`, ref.incarnation);
        return;
      case "DrainWorkload":
        this.#assertUnlisted(ref);
        assert.ok(this.workloads.has(name), `${name} does not run, and is waited for`);
        this.#memory.drain.set(name, ref.incarnation % 3 === 0 ? "budgetOver" : "drained");
        return;
      case "RemoveWorkload":
        this.#remove(ref);
        return;
    }
  }

  /** A change of a variant's status, upon the facts of now. */
  #record(action: StatusAction): void {
    const name = `${action.ref.service}:${action.ref.key}`;
    const object = this.#variant(name);
    const number = action.ref.incarnation;
    if (action.kind === "CreateIncarnation") {
      const used = Math.max(object.status?.lastIncarnation ?? 0, this.#numbers.get(name) ?? 0);
      assert.ok(number > used, `${formatIncarnation(action.ref)} was used before`);
      this.#numbers.set(name, number);
    }
    const next = withActions(this.facts(name), [action], this.host);
    const status = { observedGeneration: object.generation, conditions: [], ...next };
    this.#put(withStatus(object, status, { version: String(++this.#writes) }));
  }

  readonly #numbers = new Map<string, number>();

  #put(object: AnyObject): void {
    this.#objects.put(object);
  }

  #variant(name: string): VariantObject {
    const found = this.#objects.variants.get(name);
    assert.ok(found, name);
    return found;
  }

  #writeStable(service: string): void {
    const write = planStable(this.#objects, service, this.promoted(service));
    if (write !== undefined) this.apply([write]);
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
    assert.equal(
      this.incarnations().find((each) => formatIncarnation(each.ref) === name)?.state,
      "GONE",
    );
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
    assert.notEqual(
      listed?.incarnation,
      ref.incarnation,
      `${formatIncarnation(ref)} is still listed`,
    );
    if (!this.workloads.has(formatIncarnation(ref))) return;
    const unlistedAt = this.#unlistedAt.get(formatIncarnation(ref)) ?? 0;
    assert.ok(this.#held >= unlistedAt, `a gateway still lists ${formatIncarnation(ref)}`);
  }

  publish(): void {
    for (const step of staleRecords(this.inputs())) this.#record(step);
    const plan = planTable(this.table, this.inputs(), this.layers());
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
    assert.notEqual(this.#variant(name).spec.key, STABLE);
    this.#delete("ServiceVariant", name);
  }

  #delete(kind: "ServiceVariant" | "Environment", name: string): void {
    const found = this.#objects.get(kind, name);
    assert.ok(found, name);
    this.apply([{ op: "delete", kind, name, version: found.version }]);
  }

  #forget(name: string): void {
    const { status, deletedAt } = this.#variant(name);
    assert.ok(deletedAt !== undefined, name);
    assert.deepEqual(status?.incarnations ?? [], [], `${name} is forgotten with its incarnations`);
    assert.ok(!this.checkouts.has(name), `${name} is forgotten and leaves its checkout`);
    this.#ledger = Math.max(this.#ledger, status?.lastIncarnation ?? 0);
    this.#objects.remove("ServiceVariant", name);
  }

  #forgetEnvironment(name: string): void {
    const found = this.#objects.environments.get(name);
    assert.ok(found !== undefined && !isLive(found), name);
    assert.equal(this.#toDestroy(name).length, 0, `${name} is gone before what goes with it`);
    this.#objects.remove("Environment", name);
  }

  /** The control plane forgets what it did not store; with `platform`, every process dies too, and its host with it. */
  crash(what: { readonly platform: boolean }): void {
    this.#memory = freshMemory();
    if (!what.platform) return;
    this.workloads.clear();
    this.host = `host-${++this.#hosts}`;
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
  return { phase: "Ready", message: "", destination, revision: `r-${ref.key}-${ref.incarnation}` };
}
