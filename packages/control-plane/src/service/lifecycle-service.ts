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
import type { Actor, NamedService, Refusal } from "@cocktail/environment";
import type { RouteTable } from "@cocktail/route";
import type { EngineEvent } from "../engine/engine.ts";

/** An expected outcome: it is done, or refused before anything was stored. */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** An explanation without what to do about it: that is said at the door. */
export type Unfixed = Omit<Explanation, "fix">;

export interface DryRun {
  /** Answer with the plan and change nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface DestroyOptions extends DryRun {
  readonly discard?: boolean | undefined;
}
export interface DeleteEnvironmentOptions extends DestroyOptions {
  readonly keepVariants?: boolean | undefined;
}

export interface VariantFilter {
  readonly service?: string | undefined;
  /** Those that this environment has as its own members. */
  readonly environment?: string | undefined;
}

/**
 * What people and pipelines ask of a control plane. Changes answer as soon as they are stored; what they bring about shows
 * in the views. Changes reject with STORE_UNAVAILABLE while the store is away and with NOT_READY before `start` and after
 * `stop`; views answer from what is known, always. An object that is being deleted is waited for before there is another
 * of its name.
 */
export interface LifecycleService {
  /** Reads what is stored and begins to work toward it. Services are as `syncServices` last wrote them. */
  start(): Promise<void>;
  /** Begins nothing new and waits for what it began. Workloads are left to their platform. */
  stop(): Promise<void>;

  /** The file's services; returns notes for people, one line each. */
  syncServices(services: readonly NamedService[], actor?: Actor): Promise<readonly string[]>;
  deploy(request: DeployRequest, actor?: Actor): Promise<Answer<DeployResult>>;
  destroy(
    service: string,
    key: string,
    options?: DestroyOptions,
    actor?: Actor,
  ): Promise<Answer<DeleteResult>>;
  promote(service: string, options?: DryRun, actor?: Actor): Promise<Answer<DeployResult>>;
  createEnvironment(request: CreateEnvironment, actor?: Actor): Promise<Answer<EnvironmentResult>>;
  applyEnvironment(
    name: string,
    spec: EnvironmentSpec,
    actor?: Actor,
  ): Promise<Answer<EnvironmentResult>>;
  extendEnvironment(
    name: string,
    bySeconds: number,
    options?: DryRun,
    actor?: Actor,
  ): Promise<Answer<EnvironmentResult>>;
  deleteEnvironment(
    name: string,
    options?: DeleteEnvironmentOptions,
    actor?: Actor,
  ): Promise<Answer<EnvironmentDeleteResult>>;

  services(): readonly Service[];
  service(name: string): Service | undefined;
  /** `service:key` of those that match, sorted. */
  variantNames(filter?: VariantFilter): readonly string[];
  /** Sorted by name. */
  variants(filter?: VariantFilter): readonly Variant[];
  variant(service: string, key: string): Variant | undefined;
  /** Names of all environments in their order; each is viewed by `environment`. */
  environmentNames(): readonly string[];
  environments(): readonly Environment[];
  environment(name: string): Environment | undefined;
  explain(name: string): Unfixed | undefined;
  /** The head of the route table as this control plane last knew it. */
  table(): RouteTable;
  /** What `start` took over from an earlier run: `payment-service:mp-101`, `environment ops-101`. */
  restored(): readonly string[];
  /** Called when something that a view shows may have changed; returns an unsubscribe function. */
  onChange(listener: (event: EngineEvent | undefined) => void): () => void;
  /** True once every variant that was restored is ready or has failed, and the table says so. */
  isSettled(): boolean;
}
