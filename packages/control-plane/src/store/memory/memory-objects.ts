import { randomUUID } from "node:crypto";
import {
  type Actor,
  type AnyObject,
  type Kind,
  type Kinds,
  type ObjectOf,
  newObject,
  withDeletion,
  withSpec,
  withStatus,
} from "@cocktail/environment";
import { isDeepStrictEqual } from "node:util";
import { type AnyEvent, ObjectFeed } from "../object-feed.ts";
import type {
  CreateOutcome,
  DeleteOutcome,
  ObjectDraft,
  ObjectEvent,
  ObjectList,
  ObjectStore,
  Precondition,
  WriteOutcome,
} from "../object-store.ts";

/** Objects in memory. Documents are copied on reads and writes, as in a database. */
export class MemoryObjects implements ObjectStore {
  readonly #feed = new ObjectFeed(0);
  readonly #objects = new Map<string, AnyObject>();
  readonly #turn: () => Promise<void>;
  #version = 0;

  /** `turn` is awaited before each call; it rejects while the store is away. */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  async get<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined> {
    await this.#turn();
    return structuredClone(this.#find(kind, name));
  }

  async list<K extends Kind>(kind: K): Promise<ObjectList<K>> {
    await this.#turn();
    const items = [...this.#objects.values()].filter((each) => isOf(each, kind));
    return { items: structuredClone(items), from: String(this.#version) };
  }

  watch<K extends Kind>(kind: K, from: string, signal: AbortSignal): AsyncIterable<ObjectEvent<K>> {
    return this.#feed.watch(kind, from, signal);
  }

  async create<K extends Kind>(draft: ObjectDraft<K>, actor: Actor): Promise<CreateOutcome<K>> {
    await this.#turn();
    const existing = this.#find(draft.kind, draft.name);
    if (existing !== undefined) return { kind: "exists", object: structuredClone(existing) };
    return this.#put(newObject({ ...draft, uid: randomUUID() }, this.#context(actor)));
  }

  async writeSpec<K extends Kind>(
    at: Precondition<K>,
    spec: Kinds[K]["spec"],
    actor: Actor,
  ): Promise<WriteOutcome<K>> {
    await this.#turn();
    return this.#change(at, (object) =>
      isDeepStrictEqual(object.spec, spec)
        ? { kind: "written", object: structuredClone(object) }
        : this.#put(withSpec(object, spec, this.#context(actor))),
    );
  }

  async writeStatus<K extends Kind>(
    at: Precondition<K>,
    status: Kinds[K]["status"],
  ): Promise<WriteOutcome<K>> {
    await this.#turn();
    return this.#change(at, (object) => this.#put(withStatus(object, status, this.#context())));
  }

  async delete<K extends Kind>(at: Precondition<K>, actor: Actor): Promise<DeleteOutcome<K>> {
    await this.#turn();
    return this.#change<K, DeleteOutcome<K>>(at, (object) => {
      if (object.deletedAt !== undefined) return { kind: "written", object };
      const next = withDeletion(object, this.#context(actor));
      return next === undefined ? this.#remove(object) : this.#put(next);
    });
  }

  async release<K extends Kind>(at: Precondition<K>): Promise<DeleteOutcome<K>> {
    await this.#turn();
    return this.#change<K, DeleteOutcome<K>>(at, (object) =>
      object.deletedAt === undefined ? { kind: "written", object } : this.#remove(object),
    );
  }

  close(): void {
    this.#feed.close();
  }

  #find<K extends Kind>(kind: K, name: string): ObjectOf<K> | undefined {
    const found = this.#objects.get(`${kind} ${name}`);
    return found !== undefined && isOf(found, kind) ? found : undefined;
  }

  #change<K extends Kind, T>(
    { kind, name, version }: Precondition<K>,
    change: (object: ObjectOf<K>) => T,
  ): T | { readonly kind: "conflict" } | { readonly kind: "absent" } {
    const object = this.#find(kind, name);
    if (object === undefined) return { kind: "absent" };
    return object.version === version ? change(object) : { kind: "conflict" };
  }

  #put<K extends Kind>(
    object: ObjectOf<K>,
  ): {
    readonly kind: "written";
    readonly object: ObjectOf<K>;
  } {
    const stored = structuredClone(object);
    this.#objects.set(`${stored.kind} ${stored.name}`, stored);
    this.#tell({ change: "put", object: stored });
    return { kind: "written", object };
  }

  #remove(object: AnyObject): { readonly kind: "gone" } {
    this.#objects.delete(`${object.kind} ${object.name}`);
    this.#version++;
    this.#tell({ change: "removed", object });
    return { kind: "gone" };
  }

  #tell(event: { readonly change: AnyEvent["change"]; readonly object: AnyObject }): void {
    this.#feed.append(this.#version, structuredClone(asEvent(event)));
  }

  #context(actor?: Actor): {
    readonly version: string;
    readonly now: number;
    readonly actor?: Actor | undefined;
  } {
    return { version: String(++this.#version), now: Date.now(), actor };
  }
}

function isOf<K extends Kind>(object: AnyObject, kind: K): object is ObjectOf<K> {
  return object.kind === kind;
}

/** TypeScript can't infer that an event about an object is an event of its kind. */
export function asEvent(event: {
  readonly change: AnyEvent["change"];
  readonly object: AnyObject;
}): AnyEvent {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the union of pairs and the pair of unions
  return event as AnyEvent;
}
