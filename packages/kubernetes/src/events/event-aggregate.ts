import { type Clock, TokenBucket } from "@cocktail/work-queue";

/** What to do with an occurrence. `count`: the event exists; its series is updated. */
export type EventDecision =
  | { readonly kind: "create" }
  | { readonly kind: "count"; readonly name: string; readonly count: number }
  | { readonly kind: "skip" };

export interface EventLimits {
  /** Occurrences later than this begin a new event. */
  readonly seriesMs: number;
  /** A series is written no more often. */
  readonly updateMs: number;
  /** New events of one object. */
  readonly perSecond: number;
  readonly burst: number;
  /** Series and objects that are remembered. */
  readonly remembered: number;
}

export const defaultEventLimits: EventLimits = {
  seriesMs: 6 * 60_000,
  updateMs: 30_000,
  perSecond: 1 / 60,
  burst: 25,
  remembered: 4_096,
};

interface Series {
  name: string | undefined;
  count: number;
  lastAt: number;
  writtenAt: number;
}

/** Decides which occurrences become events: the first of its kind, and then a count now and then. */
export class EventAggregate {
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Clock, limits: EventLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** `key` is all that makes two occurrences the same; `object` has a limit of its own. */
  occurred(key: string, object: string): EventDecision {
    const now = this.#clock.now();
    const { seriesMs, updateMs } = this.#limits;
    const series = this.#series.get(key);
    if (series === undefined || now - series.lastAt > seriesMs) {
      if (!this.#bucketOf(object).tryTake()) return { kind: "skip" };
      remember(
        this.#series,
        key,
        { name: undefined, count: 1, lastAt: now, writtenAt: now },
        this.#limits.remembered,
      );
      return { kind: "create" };
    }
    series.count++;
    series.lastAt = now;
    remember(this.#series, key, series, this.#limits.remembered);
    if (series.name === undefined || now - series.writtenAt < updateMs) return { kind: "skip" };
    series.writtenAt = now;
    return { kind: "count", name: series.name, count: series.count };
  }

  /** The event of this key was created under this name. */
  created(key: string, name: string): void {
    const series = this.#series.get(key);
    if (series !== undefined) series.name = name;
  }

  /** It was not created, or is gone: the next occurrence is a first one. */
  forget(key: string): void {
    this.#series.delete(key);
  }

  #bucketOf(object: string): TokenBucket {
    const { perSecond, burst, remembered } = this.#limits;
    const bucket =
      this.#buckets.get(object) ?? new TokenBucket({ clock: this.#clock, perSecond, burst });
    remember(this.#buckets, object, bucket, remembered);
    return bucket;
  }
}

/** Keeps the most recently used. */
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
