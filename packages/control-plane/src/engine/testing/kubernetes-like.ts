import { setImmediate as nextTurn } from "node:timers/promises";
import type { Actor, Kind, Kinds, ObjectOf } from "@cocktail/environment";
import type { RouteTable, TableContent, TableId } from "@cocktail/route";
import { ControlPlaneError } from "../../errors.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import type {
  CreateOutcome,
  DeleteOutcome,
  ObjectDraft,
  ObjectEvent,
  ObjectList,
  ObjectStore,
  Precondition,
  WriteOutcome,
} from "../../store/object-store.ts";
import type { AppendOutcome, RouteTableStore } from "../../store/route-table-store.ts";
import type { Store } from "../../store/store.ts";

/** A reproducible sequence of numbers from 0 to 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

/**
 * Objects as an API server with informers gives them: other writers touch an object between a read and a write, watch
 * events are late, doubled and coalesced, a watch ends and can't be resumed, and a list is older than what `get` gives.
 */
export class KubernetesLikeObjects implements ObjectStore {
  readonly #objects: ObjectStore;
  readonly #random: () => number;
  readonly #lists = new Map<Kind, unknown>();

  constructor(objects: ObjectStore, random: () => number) {
    this.#objects = objects;
    this.#random = random;
  }

  async get<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined> {
    await this.#latency();
    return this.#objects.get(kind, name);
  }

  async list<K extends Kind>(kind: K): Promise<ObjectList<K>> {
    await this.#latency();
    const fresh = await this.#objects.list(kind);
    const before: unknown = this.#lists.get(kind);
    this.#lists.set(kind, fresh);
    if (before === undefined || this.#random() < 0.5) return fresh;
    return before as ObjectList<K>;
  }

  // oxlint-disable-next-line eslint/complexity -- one loop: what may happen to an event, in the order in which it may
  async *watch<K extends Kind>(
    kind: K,
    from: string,
    signal: AbortSignal,
  ): AsyncGenerator<ObjectEvent<K>, void, undefined> {
    const waiting: ObjectEvent<K>[] = [];
    const events = this.#objects.watch(kind, from, signal)[Symbol.asyncIterator]();
    let next = events.next();
    const isThere = async (): Promise<boolean> =>
      Promise.race([next.then(() => true), turns(1).then(() => false)]);
    for (;;) {
      // What comes while an earlier event is late may replace it.
      while (waiting.length === 0 || (this.#random() < 0.5 && (await isThere()))) {
        const result = await next;
        if (result.done === true) {
          yield* waiting;
          return;
        }
        const { value: event } = result;
        const last = waiting.at(-1);
        const isNewer = event.change === "put" && last?.object.uid === event.object.uid;
        if (isNewer && this.#random() < 0.5) waiting.pop();
        waiting.push(event);
        next = events.next();
      }
      await turns(Math.floor(this.#random() * 8));
      for (const event of waiting.splice(0)) {
        yield event;
        if (this.#random() < 0.3) yield event;
        if (this.#random() < 0.02) throw new ControlPlaneError("WATCH_EXPIRED", "too old");
      }
    }
  }

  async create<K extends Kind>(draft: ObjectDraft<K>, actor: Actor): Promise<CreateOutcome<K>> {
    await this.#latency();
    return this.#objects.create(draft, actor);
  }

  async writeSpec<K extends Kind>(
    at: Precondition<K>,
    spec: Kinds[K]["spec"],
    actor: Actor,
  ): Promise<WriteOutcome<K>> {
    await this.#touch(at);
    return this.#objects.writeSpec(at, spec, actor);
  }

  async writeStatus<K extends Kind>(
    at: Precondition<K>,
    status: Kinds[K]["status"],
  ): Promise<WriteOutcome<K>> {
    await this.#touch(at);
    return this.#objects.writeStatus(at, status);
  }

  async delete<K extends Kind>(at: Precondition<K>, actor: Actor): Promise<DeleteOutcome<K>> {
    await this.#touch(at);
    return this.#objects.delete(at, actor);
  }

  async release<K extends Kind>(at: Precondition<K>): Promise<DeleteOutcome<K>> {
    await this.#touch(at);
    return this.#objects.release(at);
  }

  async #latency(): Promise<void> {
    await turns(Math.floor(this.#random() * 3));
  }

  /** Another writer changes the object first, like a field manager: only its version changes. */
  async #touch<K extends Kind>({ kind, name }: Precondition<K>): Promise<void> {
    await this.#latency();
    // What a cache of lists holds is a few writes old.
    if (this.#random() < 0.3) this.#lists.set(kind, await this.#objects.list(kind));
    if (this.#random() > 0.15) return;
    const object = await this.#objects.get<Kind>(kind, name);
    if (object?.status !== undefined) await this.#objects.writeStatus(object, object.status);
  }
}

/** Tables of which another writer's append comes first now and then, as a lost race for the head object. */
class KubernetesLikeTables implements RouteTableStore {
  readonly #tables: RouteTableStore;
  readonly #random: () => number;

  constructor(tables: RouteTableStore, random: () => number) {
    this.#tables = tables;
    this.#random = random;
  }

  head(): Promise<RouteTable> {
    return this.#tables.head();
  }

  async append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome> {
    await turns(Math.floor(this.#random() * 4));
    if (this.#random() < 0.2) return { kind: "conflict", head: await this.#tables.head() };
    return this.#tables.append(expectedEpoch, content);
  }

  at(epoch: number): Promise<RouteTable | undefined> {
    return this.#tables.at(epoch);
  }

  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable> {
    return this.#tables.watch(from, signal);
  }

  prune(before: Date): Promise<number> {
    return this.#tables.prune(before);
  }
}

/** A pair of stores that behave like Kubernetes, over memory. */
export function kubernetesLikeStore(seed: number): Store {
  const memory = new MemoryStore();
  const random = seeded(seed);
  return {
    objects: new KubernetesLikeObjects(memory.objects, random),
    tables: new KubernetesLikeTables(memory.tables, random),
    available: true,
    onAvailability: () => () => undefined,
    close: () => memory.close(),
  };
}
