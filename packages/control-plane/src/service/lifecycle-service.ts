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

/** An expected outcome: done, or refused before anything was stored. */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** An explanation without its fix, which the API adds. */
export type Unfixed = Omit<Explanation, "fix">;

export interface DryRun {
  /** Return the plan and change nothing. */
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
 * The operations of the control plane. Changes resolve as soon as they are stored; their effects show in the views.
 * Changes reject with STORE_UNAVAILABLE while the store is away, and with NOT_READY before `start` and after `stop`; views
 * always answer, from the cache. A change waits for an object of the same name that is being deleted.
 */
export interface LifecycleService {
  /** Reads the store and starts reconciling. Services are as `syncServices` last wrote them. */
  start(): Promise<void>;
  /** Starts no new work and waits for running work. Doesn't stop workloads. */
  stop(): Promise<void>;

  /** Stores the services of the file; returns messages for the user, one line each. */
  syncServices(services: readonly NamedService[], actor?: Actor): Promise<readonly string[]>;
  deploy(request: DeployRequest, actor?: Actor): Promise<Answer<DeployResult>>;
  destroy(
    service: string,
    key: string,
    options?: DestroyOptions,
    actor?: Actor,
  ): Promise<Answer<DeleteResult>>;
  promote(service: string, options?: DryRun, actor?: Actor): Promise<Answer<DeployResult>>;
  /** Undoes the last promotion. */
  rollback(service: string, options?: DryRun, actor?: Actor): Promise<Answer<DeployResult>>;
  /** Starts a variant again, of the same code. */
  restart(
    service: string,
    key: string,
    options?: DryRun,
    actor?: Actor,
  ): Promise<Answer<DeployResult>>;
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
  /** Of a process that is the variant, and listens on `port`; undefined for a variant that doesn't exist. */
  variables(
    service: string,
    key: string,
    port?: number,
  ): Promise<Readonly<Record<string, string>> | undefined>;
  /** Names of all environments in their order; each is viewed by `environment`. */
  environmentNames(): readonly string[];
  environments(): readonly Environment[];
  environment(name: string): Environment | undefined;
  explain(name: string): Unfixed | undefined;
  /** The cached head of the route table. */
  table(): RouteTable;
  /** What `start` took over from an earlier run: `payment-service:mp-101`, `environment ops-101`. */
  restored(): readonly string[];
  /** Called when a view may have changed; returns an unsubscribe function. */
  onChange(listener: (event: EngineEvent | undefined) => void): () => void;
  /** True once all restored variants are ready or have failed, and the table is published. */
  isSettled(): boolean;
}
