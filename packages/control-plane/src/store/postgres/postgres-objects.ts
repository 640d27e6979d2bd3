import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type Actor,
  type Kind,
  type Kinds,
  type ObjectOf,
  newObject,
  withDeletion,
  withSpec,
  withStatus,
} from "@cocktail/environment";
import { z } from "zod";
import { storeCorrupt } from "../../errors.ts";
import { asEvent } from "../memory/memory-objects.ts";
import { kindOfDocument, readObject } from "../object-documents.ts";
import { ObjectFeed } from "../object-feed.ts";
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
import type { Database, Queries } from "./database.ts";
import { type ObjectStatements, objectStatements } from "./object-statements.ts";

interface Row {
  readonly version: string;
  readonly document: unknown;
  readonly removed: boolean;
}

/** Objects in one table, a document each. Removed ones are kept as tombstones for a while, for watches. */
export class PostgresObjects implements ObjectStore {
  readonly #database: Database;
  readonly #statements: ObjectStatements;
  readonly #channel: string;
  readonly #feed = new ObjectFeed(0);
  /** Requests a `refresh` without waiting for it. */
  readonly #changed: () => void;

  constructor(
    database: Database,
    options: { readonly schema: string; readonly channel: string; readonly changed: () => void },
  ) {
    this.#database = database;
    this.#statements = objectStatements(options.schema);
    this.#channel = options.channel;
    this.#changed = options.changed;
  }

  async get<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined> {
    return this.#find(this.#database, kind, name);
  }

  async list<K extends Kind>(kind: K): Promise<ObjectList<K>> {
    const [row] = await this.#database.rows<{
      readonly version: string;
      readonly documents: unknown;
    }>(this.#statements.list, [kind]);
    if (row === undefined) throw storeCorrupt("the head of the objects is missing");
    const documents = z.array(z.unknown()).parse(row.documents);
    return { items: documents.map((each) => readObject(kind, each)), from: row.version };
  }

  watch<K extends Kind>(kind: K, from: string, signal: AbortSignal): AsyncIterable<ObjectEvent<K>> {
    return this.#feed.watch(kind, from, signal);
  }

  async create<K extends Kind>(draft: ObjectDraft<K>, actor: Actor): Promise<CreateOutcome<K>> {
    return this.#write(async (queries, version) => {
      const existing = await this.#find(queries, draft.kind, draft.name);
      if (existing !== undefined) return { kind: "exists", object: existing };
      const now = Date.now();
      const object = newObject({ ...draft, uid: randomUUID() }, { version, now, actor });
      const { uid, kind, name } = object;
      await queries.rows(this.#statements.insert, [uid, kind, name, version, toJson(object)]);
      return { kind: "written", object };
    });
  }

  async writeSpec<K extends Kind>(
    at: Precondition<K>,
    spec: Kinds[K]["spec"],
    actor: Actor,
  ): Promise<WriteOutcome<K>> {
    return this.#change(at, (object, version) =>
      // Members that are undefined are not stored.
      isDeepStrictEqual(object.spec, JSON.parse(toJson(spec)))
        ? object
        : withSpec(object, spec, { version, now: Date.now(), actor }),
    );
  }

  async writeStatus<K extends Kind>(
    at: Precondition<K>,
    status: Kinds[K]["status"],
  ): Promise<WriteOutcome<K>> {
    return this.#change(at, (object, version) => withStatus(object, status, { version }));
  }

  async delete<K extends Kind>(at: Precondition<K>, actor: Actor): Promise<DeleteOutcome<K>> {
    return this.#change<K, DeleteOutcome<K>>(at, (object, version) =>
      object.deletedAt === undefined
        ? withDeletion(object, { version, now: Date.now(), actor })
        : object,
    );
  }

  async release<K extends Kind>(at: Precondition<K>): Promise<DeleteOutcome<K>> {
    return this.#change<K, DeleteOutcome<K>>(at, (object) =>
      object.deletedAt === undefined ? object : undefined,
    );
  }

  /** Reads the changes since the last refresh, for watches. */
  async refresh(): Promise<void> {
    const { head } = this.#feed;
    const version = await this.#version();
    // Before the first look nobody watches; a head that sank is another history.
    if (head === 0 || version.head < head || version.floor > head) {
      if (version.head !== head) this.#feed.skipTo(version.head);
      return;
    }
    if (version.head === head) return;
    const rows = await this.#database.rows<Row>(this.#statements.changes, [head]);
    for (const { version: at, document, removed } of rows) {
      const object = readObject(kindOfDocument(document), document);
      this.#feed.append(Number(at), asEvent({ change: removed ? "removed" : "put", object }));
    }
    this.#feed.reach(version.head);
  }

  async prune(before: Date): Promise<void> {
    await this.#database.rows(this.#statements.prune, [before]);
  }

  close(): void {
    this.#feed.close();
  }

  async #version(): Promise<{ readonly head: number; readonly floor: number }> {
    const [row] = await this.#database.rows<{ readonly version: string; readonly floor: string }>(
      this.#statements.version,
    );
    if (row === undefined) throw storeCorrupt("the head of the objects is missing");
    return { head: Number(row.version), floor: Number(row.floor) };
  }

  async #find<K extends Kind>(
    queries: Queries,
    kind: K,
    name: string,
  ): Promise<ObjectOf<K> | undefined> {
    const [row] = await queries.rows<Row>(this.#statements.get, [kind, name]);
    return row === undefined ? undefined : readObject(kind, row.document);
  }

  /** `change` gives the object as it is to be: the same one changes nothing, undefined removes it. */
  async #change<K extends Kind, O extends DeleteOutcome<K>>(
    at: Precondition<K>,
    change: (object: ObjectOf<K>, version: string) => ObjectOf<K> | undefined,
  ): Promise<O | WriteOutcome<K>> {
    return this.#write<O | WriteOutcome<K>>(async (queries, version) => {
      const object = await this.#find(queries, at.kind, at.name);
      if (object === undefined) return { kind: "absent" };
      if (object.version !== at.version) return { kind: "conflict" };
      const next = change(object, version);
      if (next === object) return { kind: "written", object };
      if (next === undefined) {
        await queries.rows(this.#statements.remove, [object.uid, version]);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only deletions give undefined
        return { kind: "gone" } as O;
      }
      await queries.rows(this.#statements.update, [next.uid, version, toJson(next)]);
      return { kind: "written", object: next };
    });
  }

  async #write<T>(work: (queries: Queries, version: string) => Promise<T>): Promise<T> {
    const outcome = await this.#database.transaction(async (queries) => {
      const [head] = await queries.rows<{ readonly version: string }>(this.#statements.lock);
      if (head === undefined) throw storeCorrupt("the head of the objects is missing");
      const result = await work(queries, head.version);
      await queries.rows(this.#statements.notify, [this.#channel]);
      return result;
    });
    this.#changed();
    return outcome;
  }
}

function toJson(document: object): string {
  return JSON.stringify(document);
}
