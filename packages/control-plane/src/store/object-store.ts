import type { Actor, Kind, Kinds, ObjectMeta, ObjectOf } from "@cocktail/environment";

/** The object, and the version of it that a write is decided upon. */
export interface Precondition<K extends Kind> extends Pick<ObjectMeta, "name" | "version"> {
  readonly kind: K;
}

export type WriteOutcome<K extends Kind> =
  | { readonly kind: "written"; readonly object: ObjectOf<K> }
  /** Somebody else wrote it first. Read it, and decide again. */
  | { readonly kind: "conflict" }
  | { readonly kind: "absent" };

export type CreateOutcome<K extends Kind> =
  | { readonly kind: "written"; readonly object: ObjectOf<K> }
  /** There is one of this name, perhaps one that is being deleted. */
  | { readonly kind: "exists"; readonly object: ObjectOf<K> };

/** `gone`: nothing holds it, so there is no such object any more. */
export type DeleteOutcome<K extends Kind> = WriteOutcome<K> | { readonly kind: "gone" };

export interface ObjectEvent<K extends Kind> {
  readonly change: "put" | "removed";
  /** As it is after a put, and as it was last before its removal. */
  readonly object: ObjectOf<K>;
}

export interface ObjectList<K extends Kind> {
  readonly items: readonly ObjectOf<K>[];
  /** Where a watch goes on from this list. Opaque. */
  readonly from: string;
}

export interface ObjectDraft<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly spec: Kinds[K]["spec"];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Where objects live. Each write is of one object, upon one version of it: there is no write over several. Nothing here
 * that the API server of Kubernetes can't do, so that custom resources are one of the adapters.
 *
 * People and pipelines write `spec`, the engine alone writes `status`; neither write touches the other part. Objects of
 * kinds that are held (`isHeld`) stay, marked as being deleted, until the engine releases them.
 *
 * Every method rejects with STORE_UNAVAILABLE while the store is away.
 */
export interface ObjectStore {
  /** As stored now: never older than what an earlier call, or this client's last write, has shown. */
  get<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined>;
  /** All of a kind, in any order. May be a little older than what `get` gives. */
  list<K extends Kind>(kind: K): Promise<ObjectList<K>>;
  /**
   * Every change after `from`, in the order in which one object changed. Changes that follow each other fast may be left
   * out, the newest never; one may come twice. Goes on through outages. Ends at the signal, and when the store is closed;
   * throws WATCH_EXPIRED where it can't go on: list again.
   */
  watch<K extends Kind>(kind: K, from: string, signal: AbortSignal): AsyncIterable<ObjectEvent<K>>;

  create<K extends Kind>(draft: ObjectDraft<K>, actor: Actor): Promise<CreateOutcome<K>>;
  /** Raises the generation. An equal spec is no change. */
  writeSpec<K extends Kind>(
    at: Precondition<K>,
    spec: Kinds[K]["spec"],
    actor: Actor,
  ): Promise<WriteOutcome<K>>;
  writeStatus<K extends Kind>(
    at: Precondition<K>,
    status: Kinds[K]["status"],
  ): Promise<WriteOutcome<K>>;
  /** Marks it as being deleted; one that nothing holds is gone at once. Deleting it again changes nothing. */
  delete<K extends Kind>(at: Precondition<K>, actor: Actor): Promise<DeleteOutcome<K>>;
  /** What belonged to a deleted object is gone: so is the object. Changes nothing where it is not being deleted. */
  release<K extends Kind>(at: Precondition<K>): Promise<DeleteOutcome<K>>;
}
