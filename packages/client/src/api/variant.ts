import type { Hop, Tier } from "@cocktail/route";
import type { Condition } from "./condition.ts";

/** Where the code of a variant comes from. Exactly one kind; paths are absolute. */
export type Source =
  /** The service's own directory, as cocktail.yaml gives it. */
  | { readonly kind: "service" }
  /**
   * A git worktree of the repository that holds the service's path, made for this branch; with `revision`, at that commit
   * and no other (a promoted candidate).
   */
  | { readonly kind: "branch"; readonly branch: string; readonly revision?: string | undefined }
  | { readonly kind: "directory"; readonly path: string }
  /** An external process, such as one under a debugger: not supervised. */
  | { readonly kind: "url"; readonly url: string }
  /** A container image. `digest` (`sha256:...`) is what runs, whatever its tags say later. */
  | { readonly kind: "image"; readonly image: string; readonly digest?: string | undefined };

/** Body of `POST /v1/variants`. Give `key`, or `branch` and let the server derive the key. */
export interface DeployRequest {
  readonly service: string;
  readonly key?: string | undefined;
  /** The raw branch name; another branch on the same live key is refused unless `replace`. */
  readonly branch?: string | undefined;
  readonly source?: Source | undefined;
  /** Instead of the service's own command; required where the service has none. */
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Also a member of this environment, made if it does not exist. */
  readonly environment?: string | undefined;
  /** Lifetime from now, in seconds; the variant is destroyed afterwards. */
  readonly ttlSeconds?: number | undefined;
  readonly onUnavailable?: OnUnavailable | undefined;
  readonly replace?: boolean | undefined;
  /** Answer the plan and change nothing. */
  readonly dryRun?: boolean | undefined;
}

export type OnUnavailable = "Fail" | "Fallback";
export type VariantState = "PENDING" | "ACTIVE" | "SUSPENDED" | "DRAINING" | "ADOPTED" | "GONE";

/** One generation of a variant's workload. */
export interface Incarnation {
  readonly number: number;
  readonly state: VariantState;
  readonly revision: string;
  /** Where it listens; absent while nothing was started. */
  readonly destination?: string | undefined;
  readonly pid?: number | undefined;
  /** Starts after a failure. */
  readonly restarts: number;
}

/** What a process needs to be the variant; with PORT and HOST where a port was given. */
export interface VariantEnvironment {
  readonly variables: Readonly<Record<string, string>>;
}

export interface Variant {
  /** `service:key`. */
  readonly name: string;
  readonly service: string;
  readonly key: string;
  readonly tier: Tier;
  /** The newest incarnation's state. */
  readonly state: VariantState;
  /** Of the incarnation that serves, else of the newest. */
  readonly revision: string;
  readonly source: Source;
  readonly branch?: string | undefined;
  /** The directory the workload runs in. */
  readonly directory?: string | undefined;
  readonly onUnavailable: OnUnavailable;
  readonly incarnations: readonly Incarnation[];
  readonly conditions: readonly Condition[];
  /** Explicit environments that name this variant. */
  readonly environments: readonly string[];
  /** True for a stable variant that a promotion put above cocktail.yaml. */
  readonly promoted: boolean;
  readonly createdAt: string;
  readonly expiresAt?: string | undefined;
  /** Who changed it last, or asked for its deletion. */
  readonly changedBy?: string | undefined;
  /** Reachable from outside, if the service is an entry. */
  readonly url?: string | undefined;
  readonly header: { readonly name: string; readonly value: string };
}

/** What a write did. */
export type Outcome = "created" | "updated" | "unchanged" | "deleted" | "already absent";

export interface PlannedAction {
  readonly kind: string;
  readonly target: string;
  readonly detail?: string | undefined;
}

/** `plan` of a change: with `dryRun` only, else empty. */
export interface DeployResult {
  readonly outcome: Outcome;
  /** Generation this request made; wait for `variant.conditions[Ready].observedGeneration` to reach it. */
  readonly generation: number;
  readonly variant: Variant;
  readonly plan: readonly PlannedAction[];
  readonly warnings: readonly string[];
}

export interface DeleteResult {
  readonly outcome: Outcome;
  readonly plan: readonly PlannedAction[];
  readonly warnings: readonly string[];
}

/** One line of a variant's output. */
export interface LogLine {
  /** RFC 3339. */
  readonly time: string;
  /** `service:key`. */
  readonly variant: string;
  readonly incarnation: number;
  readonly stream: "stdout" | "stderr" | "cocktail";
  readonly text: string;
}

export interface TraceResult {
  readonly status: number;
  readonly served?: string | undefined;
  readonly hops: readonly Hop[];
}
