import type { Condition } from "./condition.ts";
import type { DeleteResult, Outcome, PlannedAction } from "./variant.ts";

/** Body of `PUT /v1/environments/{name}` (apply) and, with `name`, of `POST /v1/environments` (create). */
export interface EnvironmentSpec {
  /** Default `stable`. */
  readonly parent?: string | undefined;
  /** service -> key. */
  readonly members?: Readonly<Record<string, string>> | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly dryRun?: boolean | undefined;
}
export interface CreateEnvironment extends EnvironmentSpec {
  readonly name: string;
}

export interface EnvironmentMember {
  readonly service: string;
  readonly key: string;
  /** The layer that serves it: the environment's own name, or an ancestor's. */
  readonly layer: string;
  readonly live: boolean;
}

export interface Environment {
  readonly name: string;
  /** BuiltIn: stable and rc. Implicit: a key's own layer. Explicit: created by a user. */
  readonly kind: "BuiltIn" | "Implicit" | "Explicit";
  readonly parent?: string | undefined;
  /** Through the first entry service; absent when no service is reachable from outside. */
  readonly url?: string | undefined;
  readonly header: { readonly name: string; readonly value: string };
  readonly epoch: number;
  readonly expiresAt?: string | undefined;
  readonly createdAt?: string | undefined;
  /** Who changed it last, or asked for its deletion. */
  readonly changedBy?: string | undefined;
  readonly conditions: readonly Condition[];
  /** Own members. */
  readonly members: readonly EnvironmentMember[];
  /** Every service of the cocktail, and the layer that serves it here. */
  readonly inherited: readonly EnvironmentMember[];
}

export interface EnvironmentResult {
  readonly outcome: Outcome;
  readonly environment: Environment;
  readonly plan: readonly PlannedAction[];
  readonly warnings: readonly string[];
}
export interface EnvironmentDeleteResult extends DeleteResult {
  /** Variants destroyed with it. */
  readonly variants: readonly string[];
}

/** Answer of `GET /v1/environments/{name}/explain`. */
export interface Explanation {
  readonly ready: boolean;
  readonly reason: string;
  readonly cause: string;
  /** What the reason is about: `environment`, and `variant`, which may be empty. */
  readonly params: Readonly<Record<string, string>>;
  readonly blocks: readonly string[];
  readonly fix: string;
  readonly environment: Environment;
}
