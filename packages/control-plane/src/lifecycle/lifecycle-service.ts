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
import type { DesiredService, Refusal } from "@cocktail/environment";
import type { RouteTable } from "@cocktail/route";

/** An expected outcome: it is done, or refused before anything was stored. */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface DestroyOptions {
  readonly discard?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
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
 * Desired state, and everything that is done to reach it. Changes answer as soon as they are stored; what they bring
 * about shows in the views. Changes reject with `StoreUnavailable` while the store is away and with `NotReady` before
 * `start` and after `stop`; views answer from what is known, always.
 */
export interface LifecycleService {
  /** Reads what is stored and begins to work toward it. Services are as `syncServices` last wrote them. */
  start(): Promise<void>;
  /** Begins nothing new and waits for what it began. Workloads are left to their platform. */
  stop(): Promise<void>;

  /** The file's services; answers notes for people, one line each. */
  syncServices(services: readonly DesiredService[]): Promise<readonly string[]>;
  deploy(request: DeployRequest): Promise<Answer<DeployResult>>;
  destroy(service: string, key: string, options?: DestroyOptions): Promise<Answer<DeleteResult>>;
  promote(
    service: string,
    options?: { readonly dryRun?: boolean | undefined },
  ): Promise<Answer<DeployResult>>;
  createEnvironment(request: CreateEnvironment): Promise<Answer<EnvironmentResult>>;
  applyEnvironment(name: string, spec: EnvironmentSpec): Promise<Answer<EnvironmentResult>>;
  extendEnvironment(
    name: string,
    bySeconds: number,
    options?: { readonly dryRun?: boolean | undefined },
  ): Promise<Answer<EnvironmentResult>>;
  deleteEnvironment(
    name: string,
    options?: DeleteEnvironmentOptions,
  ): Promise<Answer<EnvironmentDeleteResult>>;

  services(): readonly Service[];
  service(name: string): Service | undefined;
  variants(filter?: VariantFilter): readonly Variant[];
  variant(service: string, key: string): Variant | undefined;
  environments(): readonly Environment[];
  environment(name: string): Environment | undefined;
  explain(name: string): Explanation | undefined;
  /** The head of the route table as this control plane last knew it. */
  table(): RouteTable;
  /** What `start` took over from an earlier run: `payment-service:mp-101`, `environment ops-101`. */
  restored(): readonly string[];
  /** Called when something that a view shows may have changed; answers the way to stop. */
  onChange(listener: () => void): () => void;
  /** True once every variant that was restored is ready or has failed, and the table says so. */
  isSettled(): boolean;
}

/** The control plane is starting or stopping: ask again. */
export class NotReady extends Error {
  override readonly name = "NotReady";
  readonly retryable = true;

  constructor(why: string) {
    super(`changes are not accepted: ${why}`);
  }
}
