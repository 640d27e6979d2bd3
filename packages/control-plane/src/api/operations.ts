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
  LogLine,
  Readiness,
  Service,
  Variant,
} from "@cocktail/client";
import type { Refusal } from "@cocktail/environment";

/** Refused is an expected outcome, and a value. Thrown are outages (`StoreUnavailable`) and bugs. */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface DestroyOptions {
  readonly discard: boolean;
  readonly dryRun: boolean;
}
export interface DeleteEnvironmentOptions extends DestroyOptions {
  readonly keepVariants: boolean;
}
export interface LogOptions {
  readonly service?: string | undefined;
  readonly key?: string | undefined;
  readonly follow: boolean;
  readonly tail: number;
  readonly signal: AbortSignal;
}

/**
 * What the HTTP API asks of the lifecycle service. Requests were validated as far as their form goes: names, bounds, and
 * that exactly what the wire types say is there. With `dryRun` nothing is changed and the plan is answered.
 */
export interface Operations {
  services(): Promise<readonly Service[]>;
  service(name: string): Promise<Answer<Service>>;
  variants(filter: {
    readonly service?: string | undefined;
    readonly environment?: string | undefined;
  }): Promise<readonly Variant[]>;
  variant(service: string, key: string): Promise<Answer<Variant>>;
  environments(): Promise<readonly Environment[]>;
  environment(name: string): Promise<Answer<Environment>>;
  explain(name: string): Promise<Answer<Explanation>>;

  /** Answers when the desired state is stored. */
  deploy(request: DeployRequest): Promise<Answer<DeployResult>>;
  destroy(service: string, key: string, options: DestroyOptions): Promise<Answer<DeleteResult>>;
  promote(service: string, options: { readonly dryRun: boolean }): Promise<Answer<DeployResult>>;
  createEnvironment(request: CreateEnvironment): Promise<Answer<EnvironmentResult>>;
  applyEnvironment(name: string, spec: EnvironmentSpec): Promise<Answer<EnvironmentResult>>;
  extendEnvironment(name: string, bySeconds: number): Promise<Answer<EnvironmentResult>>;
  deleteEnvironment(
    name: string,
    options: DeleteEnvironmentOptions,
  ): Promise<Answer<EnvironmentDeleteResult>>;

  /** `refused` with NOT_FOUND where there is no such service or variant. Lines end when the signal does. */
  logs(options: LogOptions): Promise<Answer<AsyncIterable<LogLine>>>;
  /** Whether every stable variant is served and changes are possible. */
  readiness(): Readiness;
}
