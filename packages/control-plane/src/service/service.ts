import type {
  CreateEnvironment,
  DeleteResult,
  DeployRequest,
  DeployResult,
  Environment,
  EnvironmentDeleteResult,
  EnvironmentResult,
  EnvironmentSpec,
  PlannedAction,
  Service,
  Variant,
} from "@cocktail/client";
import {
  type Actor,
  type Decided,
  type Decision,
  type DeployIntent,
  type NamedService,
  type Objects,
  checkDeploy,
  decideDeleteEnvironment,
  decideDeploy,
  decideDestroy,
  decideEnvironment,
  decideExtend,
  decidePromote,
  decideRestart,
  decideRollback,
  decideSync,
  defaultPolicy,
  findLiveVariant,
  endingWith,
  keptVariant,
} from "@cocktail/environment";
import { RC, type RouteTable, STABLE, defaultHeaderNames, formatVariant } from "@cocktail/route";
import { type Clock, systemClock } from "@cocktail/work-queue";
import { Engine, type EngineEvent } from "../engine/engine.ts";
import { registerEngineMetrics } from "../engine/metrics.ts";
import { ControlPlaneError, notAccepted } from "../errors.ts";
import { Decisions } from "./decisions.ts";
import { dryRun } from "./dry-run.ts";
import { isRefusal, toIntent } from "./intent.ts";
import type {
  Answer,
  DeleteEnvironmentOptions,
  DestroyOptions,
  DryRun,
  LifecycleService,
  Unfixed,
  VariantFilter,
} from "./lifecycle-service.ts";
import type { LifecycleOptions } from "./options.ts";
import { deployResult, environmentResult } from "./results.ts";
import { restoredNames } from "./restored.ts";
import { type Addresses, objectUrl } from "./urls.ts";
import {
  environmentNames,
  environmentViews,
  explainEnvironment,
  isEnvironment,
} from "./view-environment.ts";
import {
  type ViewSources,
  findService,
  variantNames,
  viewServices,
  viewVariant,
} from "./view-variant.ts";
import { workIn } from "./work-in.ts";

type Variables = ReturnType<LifecycleService["variables"]>;
type NextRollout = Promise<Answer<DeployResult>>;

/** How long `start` waits for the stable variants of new services. */
const stablesLimitMs = 5_000;
const anyone: Actor = { name: "unknown" };

/** Creates the service; `start` starts it. */
export function createLifecycleService(options: LifecycleOptions): LifecycleService {
  return new Lifecycle(options);
}

class Lifecycle implements LifecycleService {
  readonly #options: LifecycleOptions;
  readonly #clock: Clock;
  readonly #engine: Engine;
  readonly #decisions: Decisions;
  #loaded: Promise<void> | undefined;
  #restored: readonly string[] = [];

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { store, metrics, ...rest } = options;
    this.#engine = new Engine({
      ...rest,
      objects: store.objects,
      tables: store.tables,
      urlOf: (object, objects) => objectUrl(this.#addresses(), objects, object),
      ...(metrics === undefined ? {} : { metrics: registerEngineMetrics(metrics) }),
    });
    this.#decisions = new Decisions(this.#engine, options.deletionWaitMs ?? 30_000);
  }

  async start(): Promise<void> {
    if (this.#engine.phase !== "new") {
      throw new ControlPlaneError("NOT_READY", `the control plane is ${this.#engine.phase}`);
    }
    await this.#load();
    this.#restored = restoredNames(this.#engine.objects, this.#options.platform.host);
    this.#engine.start();
    await this.#engine.stablesCreated(stablesLimitMs);
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  async #load(): Promise<void> {
    this.#loaded ??= this.#engine.load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    await this.#loaded;
  }

  async syncServices(
    services: readonly NamedService[],
    actor: Actor = anyone,
  ): Promise<readonly string[]> {
    if (this.#engine.phase === "stopped") throw notAccepted("stopping");
    await this.#load();
    const decided = await this.#decisions.make(actor, (objects) => ({
      kind: "decided",
      outcome: "updated",
      warnings: [],
      ...decideSync(objects, services),
    }));
    return decided.kind === "decided" ? decided.notes : [];
  }

  async deploy(request: DeployRequest, actor: Actor = anyone): Promise<Answer<DeployResult>> {
    await this.#ready();
    const intent = toIntent(request, this.#options.ticketProjects);
    if (isRefusal(intent)) return { kind: "refused", refusal: intent };
    await this.#engine.refresh(["ServiceVariant", formatVariant(intent.service, intent.key)]);
    const fault = checkDeploy(this.#engine.objects, intent);
    if (fault !== undefined) return fault;
    const admission = await this.#admit(request, intent);
    if (admission.kind === "refused") return admission;
    const { source, warnings = [] } = admission;
    return this.#decide(
      actor,
      request,
      (objects) => decideDeploy(objects, { ...intent, source }, this.#clock.now()),
      (made, ...more) =>
        deployResult({ ...made, warnings: [...warnings, ...made.warnings] }, ...more),
    );
  }

  async #admit(
    { source, command, env }: DeployRequest,
    intent: DeployIntent,
  ): ReturnType<LifecycleOptions["platform"]["admit"]> {
    const { service, key, branch } = intent;
    const { objects } = this.#engine;
    return this.#options.platform.admit({
      service,
      key,
      branch,
      source,
      command,
      env,
      current: findLiveVariant(objects, service, key)?.spec.source,
      keeps: keptVariant(objects, intent) !== undefined,
    });
  }

  async promote(service: string, options: DryRun = {}, actor: Actor = anyone): NextRollout {
    await this.#ready();
    await this.#engine.refresh(
      ["ServiceVariant", formatVariant(service, RC)],
      ["ServiceVariant", formatVariant(service, STABLE)],
    );
    const { platform } = this.#options;
    const pin: typeof platform.pin = (source, revision) => platform.pin(source, revision);
    return this.#decide(
      actor,
      options,
      (objects) =>
        decidePromote(objects, this.#engine.table, service, { now: this.#clock.now(), pin }),
      deployResult,
    );
  }

  async rollback(service: string, options: DryRun = {}, actor: Actor = anyone): NextRollout {
    await this.#ready();
    await this.#engine.refresh(["ServiceVariant", formatVariant(service, STABLE)]);
    return this.#decide(actor, options, (now) => decideRollback(now, service), deployResult);
  }

  async restart(service: string, key: string, options = {}, actor = anyone): NextRollout {
    await this.#ready();
    await this.#engine.refresh(["ServiceVariant", formatVariant(service, key)]);
    return this.#decide(actor, options, (now) => decideRestart(now, service, key), deployResult);
  }

  async destroy(
    service: string,
    key: string,
    options: DestroyOptions = {},
    actor: Actor = anyone,
  ): Promise<Answer<DeleteResult>> {
    await this.#ready();
    await this.#engine.refresh(["ServiceVariant", formatVariant(service, key)]);
    const discard = options.discard === true;
    const exists =
      key !== STABLE && findLiveVariant(this.#engine.objects, service, key) !== undefined;
    const work =
      exists && !discard ? await this.#options.platform.uncommittedWork(service, key) : [];
    return this.#decide(
      actor,
      options,
      (objects) => decideDestroy(objects, { service, key, discard, work }),
      ({ outcome, warnings }, plan) => ({ outcome, plan, warnings }),
    );
  }

  async createEnvironment(
    request: CreateEnvironment,
    actor: Actor = anyone,
  ): Promise<Answer<EnvironmentResult>> {
    return this.#putEnvironment({ ...request, verb: "create" }, actor);
  }

  async applyEnvironment(
    name: string,
    spec: EnvironmentSpec,
    actor: Actor = anyone,
  ): Promise<Answer<EnvironmentResult>> {
    return this.#putEnvironment({ ...spec, name, verb: "apply" }, actor);
  }

  async #putEnvironment(
    request: CreateEnvironment & { readonly verb: "create" | "apply" },
    actor: Actor,
  ): Promise<Answer<EnvironmentResult>> {
    await this.#ready();
    const { name, verb } = request;
    await this.#engine.refresh(["Environment", name]);
    return this.#decide(
      actor,
      request,
      (objects) => decideEnvironment(objects, request, verb, this.#clock.now()),
      (decided, plan, sources) => environmentResult(name, decided, plan, sources),
    );
  }

  async extendEnvironment(
    name: string,
    bySeconds: number,
    options: DryRun = {},
    actor: Actor = anyone,
  ): Promise<Answer<EnvironmentResult>> {
    await this.#ready();
    return this.#decide(
      actor,
      options,
      (objects) => decideExtend(objects, name, bySeconds, this.#clock.now()),
      (decided, plan, sources) => environmentResult(name, decided, plan, sources),
    );
  }

  async deleteEnvironment(
    name: string,
    options: DeleteEnvironmentOptions = {},
    actor: Actor = anyone,
  ): Promise<Answer<EnvironmentDeleteResult>> {
    await this.#ready();
    await this.#engine.refresh(["Environment", name]);
    const keepVariants = options.keepVariants === true;
    const discard = options.discard === true;
    const ending = keepVariants || discard ? [] : endingWith(this.#engine.objects, name);
    const work = await workIn(this.#options.platform, ending);
    return this.#decide(
      actor,
      options,
      (objects) => decideDeleteEnvironment(objects, { name, keepVariants, discard, work }),
      ({ outcome, warnings, variants }, plan) => ({ outcome, plan, warnings, variants }),
    );
  }

  /** Decides and writes; a dry run only simulates the writes, and returns the resulting plan. */
  async #decide<T, R>(
    actor: Actor,
    { dryRun: isDryRun }: DryRun,
    decide: (objects: Objects) => Decision<T>,
    answer: (decided: Decided<T>, plan: readonly PlannedAction[], sources: ViewSources) => R,
  ): Promise<Answer<R>> {
    if (isDryRun === true) {
      const decision = await this.#decisions.preview(decide);
      if (decision.kind === "refused") return decision;
      const { platform, policy } = this.#options;
      const at = { now: this.#clock.now(), policy: { ...defaultPolicy, ...policy }, platform };
      const { objects, plan } = dryRun(this.#engine.sources(), decision.writes, at);
      return { kind: "done", value: answer(decision, plan, { ...this.#views(), objects }) };
    }
    const decision = await this.#decisions.make(actor, decide);
    if (decision.kind === "refused") return decision;
    return { kind: "done", value: answer(decision, [], this.#views()) };
  }

  async #ready(): Promise<void> {
    if (this.#engine.phase === "new") throw notAccepted("starting");
    if (this.#engine.phase === "stopped") throw notAccepted("stopping");
    // Decisions look at the table too; after an outage it is read again.
    await this.#engine.refresh();
  }

  services(): readonly Service[] {
    return viewServices(this.#views());
  }

  service(name: string): Service | undefined {
    return findService(this.#views(), name);
  }

  variantNames(filter: VariantFilter = {}): readonly string[] {
    return variantNames(this.#views(), filter);
  }

  variants(filter: VariantFilter = {}): readonly Variant[] {
    const sources = this.#views();
    return variantNames(sources, filter)
      .flatMap((name) => sources.objects.variants.get(name) ?? [])
      .map((each) => viewVariant(sources, each));
  }

  variant(service: string, key: string): Variant | undefined {
    const sources = this.#views();
    const found = sources.objects.variants.get(formatVariant(service, key));
    return found === undefined ? undefined : viewVariant(sources, found);
  }

  async variables(service: string, key: string, port?: number): Variables {
    const source = findLiveVariant(this.#engine.objects, service, key)?.spec.source;
    return source && this.#options.platform.variables({ service, key, source }, port);
  }

  environmentNames(): readonly string[] {
    return environmentNames(this.#views());
  }

  environments(): readonly Environment[] {
    const sources = this.#views();
    const { view } = environmentViews(sources);
    return environmentNames(sources).map((name) => view(name));
  }

  environment(name: string): Environment | undefined {
    const sources = this.#views();
    return isEnvironment(sources, name) ? environmentViews(sources).view(name) : undefined;
  }

  explain(name: string): Unfixed | undefined {
    const environment = this.environment(name);
    return environment === undefined ? undefined : explainEnvironment(this.#views(), environment);
  }

  table(): RouteTable {
    return this.#engine.table;
  }

  restored(): readonly string[] {
    return this.#restored;
  }

  isSettled(): boolean {
    return this.#engine.isSettled();
  }

  onChange(listener: (event: EngineEvent | undefined) => void): () => void {
    return this.#engine.onChange(listener);
  }

  #addresses(): Addresses {
    return { domain: this.#options.domain, edge: this.#options.edge?.() };
  }

  #views(): ViewSources {
    return {
      objects: this.#engine.objects,
      table: this.#engine.table,
      platform: this.#options.platform,
      addresses: this.#addresses(),
      headerNames: this.#options.headerNames ?? defaultHeaderNames,
    };
  }
}
