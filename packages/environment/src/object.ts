import type { OnUnavailable } from "@cocktail/route";
import type { Condition } from "./condition.ts";
import type { IncarnationRecord } from "./incarnation.ts";

/** Common to all kinds. Times are epoch milliseconds. */
export interface ObjectMeta {
  /** Unique among the objects of a kind. A variant's is `service:key`. */
  readonly name: string;
  /** An object that is deleted and created again has another uid. */
  readonly uid: string;
  /** Opaque precondition of the next write; changes with every write of the object. */
  readonly version: string;
  /** 1 at creation; incremented by every change of `spec`, never by a change of `status`. */
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** Set while it is being deleted: the engine tears down what belongs to it, then releases it. */
  readonly deletedAt?: number | undefined;
  /** Who last wrote `spec`, or requested the deletion. */
  readonly changedBy?: Change | undefined;
}

export interface Change {
  readonly actor: Actor;
  readonly at: number;
}

/** Who requests a change. */
export interface Actor {
  /** `token:local`, `engine`. */
  readonly name: string;
  readonly groups?: readonly string[] | undefined;
}

/** Where the code of a variant comes from. Only its platform interprets it; planner and store don't. */
export type SourceDocument = Readonly<Record<string, unknown>>;

/** A service, managed by a file (locally `cocktail.yaml`). */
export interface ServiceSpec {
  /** Position in the file, from 0: the first entry service answers the bare domain. */
  readonly position: number;
  readonly entry: boolean;
  readonly protocol: "auto" | "http1" | "h2c";
  /** The source of its stable variant. */
  readonly source: SourceDocument;
  /** Hash of the whole entry in the file. A promotion takes precedence over the file until this changes. */
  readonly entryHash: string;
}

/** The desired state of one `service:key`. */
export interface VariantSpec {
  readonly service: string;
  readonly key: string;
  /**
   * Incremented by every deploy, even if nothing else changed, because the code may have. Each rollout gets its own
   * incarnation; a change of another field (a lifetime) does not.
   */
  readonly rollout: number;
  readonly source: SourceDocument;
  /** The environment whose deploy made it, and which is therefore the one that its end destroys. */
  readonly madeFor?: string | undefined;
  /** Raw branch name. Deploying another branch to the same live key is a conflict. */
  readonly branch?: string | undefined;
  readonly onUnavailable: OnUnavailable;
  readonly endpoints?: readonly string[] | undefined;
  readonly expiresAt?: number | undefined;
  /** Only for a stable variant that follows its service: the service's hash when this was written. */
  readonly entryHash?: string | undefined;
  /** Only for stable. */
  readonly promotion?: Promotion | undefined;
  /** Its deletion may discard uncommitted work. */
  readonly discard?: boolean | undefined;
}

/** Why stable differs from the file. */
export interface Promotion {
  /** The release candidate that became stable. It is deleted, unless it was deployed again since. */
  readonly candidate: RolloutRef;
  /** What stable ran until then; absent where it had nothing, or an earlier version promoted it. */
  readonly before?: SourceDocument | undefined;
  readonly revision: string;
  readonly at: number;
}

/** One rollout of one variant object. */
export interface RolloutRef {
  readonly uid: string;
  readonly rollout: number;
}

/** An explicit environment. The implicit layers of keys, `stable` and `rc` are never objects. */
export interface EnvironmentSpec {
  readonly parent: string;
  /** service -> key. */
  readonly members: Readonly<Record<string, string>>;
  readonly expiresAt?: number | undefined;
  /** What its deletion does to variants that only this environment holds. Default: Destroy. */
  readonly onDelete?: OnDelete | undefined;
}

/** Destroy deletes them except those with uncommitted work, Discard deletes them all, Keep deletes none. */
export type OnDelete = "Destroy" | "Discard" | "Keep";

/** Valid for the current spec only if `observedGeneration` equals the object's `generation`. */
interface Observed {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** Its public URL, if it has one. */
  readonly url?: string | undefined;
}

export type ServiceStatus = Observed;
export type EnvironmentStatus = Observed;
export interface VariantStatus extends Observed {
  /** Sorted by number. */
  readonly incarnations: readonly IncarnationRecord[];
  /** The highest number since the object was created. */
  readonly lastIncarnation: number;
  /** The revision of the incarnation that serves, else of the newest. */
  readonly revision?: string | undefined;
}

/** The highest incarnation number of all removed objects: a new object continues above it, so numbers are not reused. */
export interface LedgerStatus {
  readonly highest: number;
}

/** Spec and status of each kind. */
export interface Kinds {
  readonly Service: { readonly spec: ServiceSpec; readonly status: ServiceStatus };
  readonly ServiceVariant: { readonly spec: VariantSpec; readonly status: VariantStatus };
  readonly Environment: { readonly spec: EnvironmentSpec; readonly status: EnvironmentStatus };
  readonly Ledger: { readonly spec: object; readonly status: LedgerStatus };
}
export type Kind = keyof Kinds;
export const kinds: readonly Kind[] = ["Service", "ServiceVariant", "Environment", "Ledger"];

export type AnyObject = {
  readonly [Each in Kind]: ObjectMeta & {
    readonly kind: Each;
    readonly spec: Kinds[Each]["spec"];
    /** Absent until the engine has reconciled it. */
    readonly status?: Kinds[Each]["status"] | undefined;
  };
}[Kind];
export type ObjectOf<K extends Kind> = Extract<AnyObject, { readonly kind: K }>;
export type ServiceObject = ObjectOf<"Service">;
export type VariantObject = ObjectOf<"ServiceVariant">;
export type EnvironmentObject = ObjectOf<"Environment">;

/** True if deleting such an object waits until the engine has torn down what belongs to it. The others are removed at once. */
export function hasFinalizer(kind: Kind): boolean {
  return kind === "ServiceVariant" || kind === "Environment";
}

export function isLive(object: ObjectMeta): boolean {
  return object.deletedAt === undefined;
}
