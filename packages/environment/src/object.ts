import type { OnUnavailable } from "@cocktail/route";
import type { Condition } from "./condition.ts";
import type { IncarnationRecord } from "./incarnation.ts";

/** What every stored object has, whatever its kind. Times everywhere are epoch milliseconds. */
export interface ObjectMeta {
  /** Unique among the objects of a kind. A variant's is `service:key`. */
  readonly name: string;
  /** Another one for each life of a name: an object that is deleted and created again is another object. */
  readonly uid: string;
  /** Opaque precondition of the next write: another value after every change of this object. */
  readonly version: string;
  /** 1 at creation; rises with every change of `spec`, never with one of `status`. */
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** It is being deleted: the engine takes down what belongs to it, then releases it. */
  readonly deletedAt?: number | undefined;
  /** Who wrote `spec` last, or asked for the deletion. */
  readonly changedBy?: Change | undefined;
}

export interface Change {
  readonly actor: Actor;
  readonly at: number;
}

/** Who asks for a change. */
export interface Actor {
  /** `token:local`, `engine`. */
  readonly name: string;
  readonly groups?: readonly string[] | undefined;
}

/** Where the code of a variant comes from, in the words of its platform. Opaque to planner and store. */
export type SourceDocument = Readonly<Record<string, unknown>>;

/** A service of the cocktail. Written from a file (locally `cocktail.yaml`). */
export interface ServiceSpec {
  /** Place in the file, from 0: the first entry service answers the bare domain. */
  readonly position: number;
  readonly entry: boolean;
  readonly protocol: "auto" | "http1" | "h2c";
  /** Of its stable variant. */
  readonly source: SourceDocument;
  /** Hash of the whole entry of the file. A promotion stands above the file until this changes. */
  readonly entryHash: string;
}

/** What somebody wants one `service:key` to be. */
export interface VariantSpec {
  readonly service: string;
  readonly key: string;
  /**
   * Another value for every deploy, also of an equal one, because the code behind it may be another. Each rollout gets an
   * incarnation of its own; a change of anything else in the spec (a lifetime) does not.
   */
  readonly rollout: number;
  readonly source: SourceDocument;
  /** Raw branch name: another one on the same live key is a conflict. */
  readonly branch?: string | undefined;
  readonly onUnavailable: OnUnavailable;
  readonly endpoints?: readonly string[] | undefined;
  readonly expiresAt?: number | undefined;
  /** Only of a stable variant that follows its service: the service's hash when this was written. */
  readonly entryHash?: string | undefined;
  /** Only of stable. */
  readonly promotion?: Promotion | undefined;
  /** When it is deleted, work that is nowhere else may be lost. */
  readonly discard?: boolean | undefined;
}

/** Why stable is not what the file says. */
export interface Promotion {
  /** The release candidate that became stable: exactly that one ends with the swap. */
  readonly candidate: RolloutRef;
  readonly revision: string;
  readonly at: number;
}

/** One rollout of one life of a variant. */
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
  /** What becomes of variants that only this environment holds, when it is deleted. Default Destroy. */
  readonly onDelete?: OnDelete | undefined;
}

/** Destroy keeps what holds work that is nowhere else; Discard doesn't; Keep keeps all of them. */
export type OnDelete = "Destroy" | "Discard" | "Keep";

/** Status of an object: a status whose `observedGeneration` is not the object's says nothing about the current spec. */
interface Observed {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** Where it is reached from outside, if anywhere. */
  readonly url?: string | undefined;
}

export type ServiceStatus = Observed;
export type EnvironmentStatus = Observed;
export interface VariantStatus extends Observed {
  /** In the order of their numbers. */
  readonly incarnations: readonly IncarnationRecord[];
  /** The highest number of this life. */
  readonly lastIncarnation: number;
  /** Of the incarnation that serves, else of the newest. */
  readonly revision?: string | undefined;
}

/** The highest incarnation number of every object that is gone: a new life of a name begins above it. */
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
    /** Absent until the engine has looked at it. */
    readonly status?: Kinds[Each]["status"] | undefined;
  };
}[Kind];
export type ObjectOf<K extends Kind> = Extract<AnyObject, { readonly kind: K }>;
export type ServiceObject = ObjectOf<"Service">;
export type VariantObject = ObjectOf<"ServiceVariant">;
export type EnvironmentObject = ObjectOf<"Environment">;

/** Deletion of these waits until the engine has taken down what belongs to them. The others are gone at once. */
export function isHeld(kind: Kind): boolean {
  return kind === "ServiceVariant" || kind === "Environment";
}

export function isLive(object: ObjectMeta): boolean {
  return object.deletedAt === undefined;
}
