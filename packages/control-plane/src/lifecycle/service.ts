import type {
  CreateEnvironment,
  DeleteResult,
  DeployRequest,
  DeployResult,
  Environment,
  EnvironmentDeleteResult,
  EnvironmentResult,
  EnvironmentSpec,
  Explanation,
  Service,
  Variant,
} from "@cocktail/client";
import {
  type Decided,
  type Decision,
  type DesiredService,
  type DesiredVariant,
  type StateChange,
  type StoredState,
  applyChanges,
  decideDeleteEnvironment,
  decideDeploy,
  decideDestroy,
  decideEnvironment,
  decideExtend,
  decidePromote,
  decideSync,
  findLiveVariant,
  heldOnlyBy,
} from "@cocktail/environment";
import { type RouteTable, STABLE, formatVariant } from "@cocktail/route";
import { type Core, createCore } from "./core.ts";
import {
  type Answer,
  type DeleteEnvironmentOptions,
  type DestroyOptions,
  type LifecycleService,
  NotReady,
  type VariantFilter,
} from "./lifecycle-service.ts";
import { ownMembers } from "./member-facts.ts";
import type { LifecycleOptions } from "./options.ts";
import type { Refusal } from "./platform.ts";
import { Reconciler } from "./reconciler.ts";
import { isSettled } from "./settled.ts";
import { indexState } from "./state-cache.ts";
import { environmentNames, explain, viewEnvironment } from "./view-environment.ts";
import { viewService, viewServices } from "./view-service.ts";
import { viewVariant } from "./view-variant.ts";
import { asChanges, changedNames, isRefusal, planOf, wishOf } from "./wishes.ts";

interface DryRun {
  readonly dryRun?: boolean | undefined;
}

/** Makes the service; `start` sets it to work. */
export function createLifecycleService(options: LifecycleOptions): LifecycleService {
  return new Lifecycle(options);
}

class Lifecycle implements LifecycleService {
  readonly #core: Core;
  readonly #reconciler: Reconciler;
  readonly #listeners = new Set<() => void>();
  #phase: "new" | "running" | "stopped" = "new";
  #isSettled = false;
  #restored: readonly string[] = [];
  #unsubscribe: (() => void) | undefined;

  constructor(options: LifecycleOptions) {
    this.#core = createCore(options, (names) => {
      this.#reconciler.published(names);
      this.#notify();
    });
    this.#reconciler = new Reconciler(this.#core, () => {
      this.#notify();
    });
  }

  async start(): Promise<void> {
    if (this.#phase !== "new") throw new NotReady(`it is ${this.#phase}`);
    const { state } = await this.#core.freshSources();
    this.#restored = restoredOf(state.state, this.#core.run);
    this.#unsubscribe = this.#core.platform.onChange(({ service, key }) => {
      this.#reconciler.changed(formatVariant(service, key));
      this.#notify();
    });
    this.#phase = "running";
    this.#reconciler.begin();
  }

  async stop(): Promise<void> {
    if (this.#phase === "stopped") return;
    this.#phase = "stopped";
    this.#unsubscribe?.();
    this.#core.background.stop();
    await this.#reconciler.stop();
    this.#listeners.clear();
  }

  async syncServices(services: readonly DesiredService[]): Promise<readonly string[]> {
    if (this.#phase === "stopped") throw new NotReady("it is stopping");
    const table = await this.#core.writer.head();
    const decision = await this.#core.state.update(({ state }) =>
      decideSync(state, table, services, this.#core.clock.now()),
    );
    this.#requeue(decision.changes);
    return decision.notes;
  }

  async deploy(request: DeployRequest): Promise<Answer<DeployResult>> {
    await this.#ready();
    const wish = wishOf(request, this.#core.options.ticketProjects);
    if (isRefusal(wish)) return { kind: "refused", refusal: wish };
    const decide = (state: StoredState): Decision<{ readonly variant: DesiredVariant }> =>
      decideDeploy(state, wish, this.#core.clock.now());
    return this.#deploy(decide, request);
  }

  async promote(service: string, options: DryRun = {}): Promise<Answer<DeployResult>> {
    await this.#ready();
    const decide = (state: StoredState): Decision<{ readonly variant: DesiredVariant }> =>
      decidePromote(state, this.#core.writer.table, service, this.#core.clock.now());
    return this.#deploy(decide, options);
  }

  async #deploy(
    decide: (state: StoredState) => Decision<{ readonly variant: DesiredVariant }>,
    options: DryRun,
  ): Promise<Answer<DeployResult>> {
    // The platform is asked about what would be stored, before it is.
    const { state } = await this.#core.state.fresh();
    const trial = decide(state);
    if (trial.kind === "refused") return trial;
    const refusal =
      trial.changes.length === 0 ? undefined : await this.#check(state, trial.variant);
    if (refusal !== undefined) return { kind: "refused", refusal };
    return this.#decide(decide, options, (decided, plan, sources) => {
      const { service, key, generation } = decided.variant;
      const variant = viewVariant(this.#core, sources, service, key);
      if (variant === undefined) throw new Error(`${service}:${key} was stored and is not there`);
      const { outcome, warnings } = decided;
      return { outcome, generation, variant, plan, warnings };
    });
  }

  async #check(state: StoredState, variant: DesiredVariant): Promise<Refusal | undefined> {
    const { service, key, source, command } = variant;
    const existing = findLiveVariant(state, service, key);
    const isMoved =
      existing?.source.kind === "branch" &&
      (source.kind !== "branch" || source.branch !== existing.source.branch);
    if (isMoved && (await this.#core.platform.uncommittedWork(service, key))) {
      return {
        code: "UNCOMMITTED_WORK",
        reason: "UncommittedWork",
        message: `the checkout of ${formatVariant(service, key)} holds work that is not committed`,
        fix: `commit it, or lose it: cocktail branch delete ${formatVariant(service, key)} --discard`,
      };
    }
    return this.#core.platform.check({ service, key, source, command });
  }

  async destroy(
    service: string,
    key: string,
    options: DestroyOptions = {},
  ): Promise<Answer<DeleteResult>> {
    await this.#ready();
    const discard = options.discard === true;
    const { state } = await this.#core.state.fresh();
    const exists = key !== STABLE && findLiveVariant(state, service, key) !== undefined;
    const uncommittedWork =
      exists && !discard && (await this.#core.platform.uncommittedWork(service, key));
    return this.#decide(
      (current) => decideDestroy(current, { service, key, discard, uncommittedWork }),
      options,
      ({ outcome, warnings }, plan) => ({ outcome, plan, warnings }),
    );
  }

  async createEnvironment(request: CreateEnvironment): Promise<Answer<EnvironmentResult>> {
    return this.#putEnvironment(request.name, request, "create");
  }

  async applyEnvironment(name: string, spec: EnvironmentSpec): Promise<Answer<EnvironmentResult>> {
    return this.#putEnvironment(name, spec, "apply");
  }

  async #putEnvironment(
    name: string,
    spec: EnvironmentSpec,
    verb: "create" | "apply",
  ): Promise<Answer<EnvironmentResult>> {
    await this.#ready();
    return this.#decide(
      (state) => decideEnvironment(state, { ...spec, name }, verb, this.#core.clock.now()),
      spec,
      ({ outcome, warnings }, plan, sources) => ({
        outcome,
        environment: this.#view(sources, name),
        plan,
        warnings,
      }),
    );
  }

  async extendEnvironment(
    name: string,
    bySeconds: number,
    options: DryRun = {},
  ): Promise<Answer<EnvironmentResult>> {
    await this.#ready();
    return this.#decide(
      (state) => decideExtend(state, name, bySeconds, this.#core.clock.now()),
      options,
      ({ outcome, warnings }, plan, sources) => ({
        outcome,
        environment: this.#view(sources, name),
        plan,
        warnings,
      }),
    );
  }

  async deleteEnvironment(
    name: string,
    options: DeleteEnvironmentOptions = {},
  ): Promise<Answer<EnvironmentDeleteResult>> {
    await this.#ready();
    const keepVariants = options.keepVariants === true;
    const discard = options.discard === true;
    const uncommittedWork =
      keepVariants || discard ? new Set<string>() : await this.#workHeldBy(name);
    return this.#decide(
      (state) =>
        decideDeleteEnvironment(state, {
          name,
          keepVariants,
          discard,
          uncommittedWork,
          because: "Requested",
        }),
      options,
      ({ outcome, warnings, variants }, plan) => ({ outcome, plan, warnings, variants }),
    );
  }

  async #workHeldBy(name: string): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const { service, key } of heldOnlyBy((await this.#core.state.fresh()).state, name)) {
      if (await this.#core.platform.uncommittedWork(service, key))
        found.add(formatVariant(service, key));
    }
    return found;
  }

  /** Decides in turn, writes (or, for a dry run, does not), and answers with the plan that follows. */
  async #decide<T, R>(
    decide: (state: StoredState) => Decision<T>,
    { dryRun }: DryRun,
    answer: (
      decided: Decided<T>,
      plan: ReturnType<typeof planOf>,
      sources: ReturnType<Core["sources"]>,
    ) => R,
  ): Promise<Answer<R>> {
    if (dryRun === true) {
      const sources = await this.#core.freshSources();
      const decision = decide(sources.state.state);
      if (decision.kind === "refused") return decision;
      const plan = planOf(this.#core, sources, decision.changes);
      return { kind: "done", value: answer(decision, plan, imagined(sources, decision.changes)) };
    }
    const { decision } = await this.#core.state.update(({ state }) => asChanges(decide(state)));
    if (decision.kind === "refused") return decision;
    const sources = this.#core.sources();
    const plan = planOf(this.#core, sources, decision.changes);
    this.#requeue(decision.changes);
    return { kind: "done", value: answer(decision, plan, sources) };
  }

  #requeue(changes: readonly StateChange[]): void {
    if (changes.length === 0 || this.#phase !== "running") return;
    const { variants, environments } = changedNames(changes);
    for (const name of variants) this.#reconciler.changed(name);
    for (const name of environments) this.#reconciler.environment(name);
    this.#notify();
  }

  async #ready(): Promise<void> {
    if (this.#phase === "new") throw new NotReady("it is starting");
    if (this.#phase === "stopped") throw new NotReady("it is stopping");
    // Decisions look at the table too; after an outage it is read again.
    await this.#core.writer.head();
  }

  #view(sources: ReturnType<Core["sources"]>, name: string): Environment {
    const view = viewEnvironment(this.#core, sources, name);
    if (view === undefined) throw new Error(`environment ${name} was stored and is not there`);
    return view;
  }

  services(): readonly Service[] {
    return viewServices(this.#core, this.#core.sources());
  }

  service(name: string): Service | undefined {
    return viewService(this.#core, this.#core.sources(), name);
  }

  variants(filter: VariantFilter = {}): readonly Variant[] {
    const sources = this.#core.sources();
    const { service, environment } = filter;
    const members = environment === undefined ? undefined : ownMembers(sources, environment);
    return sources.state.state.variants
      .filter((each) => service === undefined || each.service === service)
      .filter((each) => members === undefined || members[each.service] === each.key)
      .map((each) => viewVariant(this.#core, sources, each.service, each.key))
      .filter((variant) => variant !== undefined)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  variant(service: string, key: string): Variant | undefined {
    return viewVariant(this.#core, this.#core.sources(), service, key);
  }

  environments(): readonly Environment[] {
    const sources = this.#core.sources();
    return environmentNames(sources)
      .map((name) => viewEnvironment(this.#core, sources, name))
      .filter((environment) => environment !== undefined);
  }

  environment(name: string): Environment | undefined {
    return viewEnvironment(this.#core, this.#core.sources(), name);
  }

  explain(name: string): Explanation | undefined {
    return explain(this.#core, this.#core.sources(), name);
  }

  table(): RouteTable {
    return this.#core.writer.table;
  }

  restored(): readonly string[] {
    return this.#restored;
  }

  isSettled(): boolean {
    this.#isSettled ||= this.#phase === "running" && isSettled(this.#core);
    return this.#isSettled;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function imagined(
  sources: ReturnType<Core["sources"]>,
  changes: readonly StateChange[],
): ReturnType<Core["sources"]> {
  return { ...sources, state: indexState(applyChanges(sources.state.state, changes)) };
}

/** What an earlier run left and this one takes over. */
function restoredOf(
  { variants, environments, incarnations }: StoredState,
  run: string,
): readonly string[] {
  const known = new Set(
    incarnations
      .filter((each) => each.run !== run)
      .map((each) => formatVariant(each.service, each.key)),
  );
  const names = variants
    .filter(({ deleted, key }) => !deleted && key !== STABLE)
    .map(({ service, key }) => formatVariant(service, key))
    .filter((name) => known.has(name));
  return [...names.toSorted(), ...environments.map(({ name }) => `environment ${name}`).toSorted()];
}
