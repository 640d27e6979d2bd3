import type { Actor, Kind, Kinds, ObjectMeta, ObjectOf } from "@cocktail/environment";

/** The object and the version that a write expects. */
export interface Precondition<K extends Kind> extends Pick<ObjectMeta, "name" | "version"> {
  readonly kind: K;
}

export type WriteOutcome<K extends Kind> =
  | { readonly kind: "written"; readonly object: ObjectOf<K> }
  /** Another writer changed it first. Read it, and decide again. */
  | { readonly kind: "conflict" }
  | { readonly kind: "absent" };

export type CreateOutcome<K extends Kind> =
  | { readonly kind: "written"; readonly object: ObjectOf<K> }
  /** An object of this name exists, perhaps one that is being deleted. */
  | { readonly kind: "exists"; readonly object: ObjectOf<K> };

/** `gone`: the object was removed. */
export type DeleteOutcome<K extends Kind> = WriteOutcome<K> | { readonly kind: "gone" };

export interface ObjectEvent<K extends Kind> {
  readonly change: "put" | "removed";
  /** The object after a put, or its last state before the removal. */
  readonly object: ObjectOf<K>;
}

export interface ObjectList<K extends Kind> {
  readonly items: readonly ObjectOf<K>[];
  /** Where a watch resumes after this list. Opaque. */
  readonly from: string;
}

export interface ObjectDraft<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly spec: Kinds[K]["spec"];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Stores objects. Each write is of one object, with its version as the precondition; there are no transactions over
 * several. Limited to what the Kubernetes API can do, so that custom resources can be an adapter.
 *
 * Users write `spec`, only the engine writes `status`; neither write changes the other part. A deleted object of a kind
 * with a finalizer (`hasFinalizer`) stays, marked as being deleted, until the engine releases it.
 *
 * Every method rejects with STORE_UNAVAILABLE while the store is away.
 */
export interface ObjectStore {
  /** Linearizable: never older than an earlier read, or than this client's last write. */
  get<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined>;
  /** All objects of a kind, in any order. May be older than the result of `get`. */
  list<K extends Kind>(kind: K): Promise<ObjectList<K>>;
  /**
   * Every change after `from`, in order for each object. Changes may be coalesced to the newest, and delivered twice.
   * Survives outages. Ends when the signal is aborted or the store is closed; throws WATCH_EXPIRED if it can't be resumed:
   * list again.
   */
  watch<K extends Kind>(kind: K, from: string, signal: AbortSignal): AsyncIterable<ObjectEvent<K>>;

  create<K extends Kind>(draft: ObjectDraft<K>, actor: Actor): Promise<CreateOutcome<K>>;
  /** Increments the generation. Writing an equal spec changes nothing. */
  writeSpec<K extends Kind>(
    at: Precondition<K>,
    spec: Kinds[K]["spec"],
    actor: Actor,
  ): Promise<WriteOutcome<K>>;
  writeStatus<K extends Kind>(
    at: Precondition<K>,
    status: Kinds[K]["status"],
  ): Promise<WriteOutcome<K>>;
  /** Marks the object as being deleted, or removes it at once if it has no finalizer. Idempotent. */
  delete<K extends Kind>(at: Precondition<K>, actor: Actor): Promise<DeleteOutcome<K>>;
  /** Removes a deleted object once it is torn down. Changes nothing if it is not being deleted. */
  release<K extends Kind>(at: Precondition<K>): Promise<DeleteOutcome<K>>;
}
