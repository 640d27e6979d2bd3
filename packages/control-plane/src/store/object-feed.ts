import type { Kind, ObjectOf } from "@cocktail/environment";
import { ControlPlaneError } from "../errors.ts";
import { Wakers } from "./wakers.ts";
import type { ObjectEvent } from "./object-store.ts";

export type AnyEvent = { readonly [K in Kind]: ObjectEvent<K> }[Kind];

interface Entry {
  readonly at: number;
  readonly event: AnyEvent;
}

/** How many events a watch may lag behind before it must list again. */
const kept = 1_000;

/** The recent changes of all objects, ordered by version, and their watchers. */
export class ObjectFeed {
  readonly #wakers = new Wakers();
  #entries: Entry[] = [];
  /** Everything after this is in `#entries`. */
  #floor: number;
  #head: number;
  #isClosed = false;

  constructor(from: number) {
    this.#floor = from;
    this.#head = from;
  }

  get head(): number {
    return this.#head;
  }

  append(at: number, event: AnyEvent): void {
    this.#entries.push({ at, event });
    this.#head = at;
    if (this.#entries.length > kept * 2) {
      this.#floor = this.#entries.at(-kept - 1)?.at ?? this.#floor;
      this.#entries = this.#entries.slice(-kept);
    }
    this.#wakers.wake();
  }

  /** There are no other changes up to `at`. */
  reach(at: number): void {
    this.#head = Math.max(this.#head, at);
  }

  /** The changes up to `at` are unknown: watches from before must list again. */
  skipTo(at: number): void {
    this.#entries = [];
    this.#floor = at;
    this.#head = at;
    this.#wakers.wake();
  }

  async *watch<K extends Kind>(
    kind: K,
    from: string,
    signal: AbortSignal,
  ): AsyncGenerator<ObjectEvent<K>, void, undefined> {
    let seen = Number(from);
    while (!signal.aborted && !this.#isClosed) {
      if (!(seen >= this.#floor)) {
        throw new ControlPlaneError("WATCH_EXPIRED", `changes after ${from} are no longer kept`);
      }
      const next = this.#entries.slice(firstAfter(this.#entries, seen));
      if (next.length === 0) await this.#wakers.next(signal);
      for (const { at, event } of next) {
        if (signal.aborted) return;
        seen = at;
        if (isOfKind(event, kind)) yield event;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#wakers.wake();
  }
}

/** Index of the first entry after a place. Entries are in order. */
function firstAfter(entries: readonly Entry[], seen: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.at ?? 0) <= seen) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isOfKind<K extends Kind>(
  event: { readonly object: ObjectOf<Kind> },
  kind: K,
): event is ObjectEvent<K> {
  return event.object.kind === kind;
}
