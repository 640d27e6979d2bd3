import { own, type RouteTable, type TableVariant } from "@cocktail/route";
import type { Limits } from "./limits.ts";
import { Tally } from "./tally.ts";
import { Upstream, type WorkloadRef } from "./upstream.ts";

export interface DrainOptions {
  /** Milliseconds. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The incarnations that requests were sent to and that are live or have requests in flight. */
export class Upstreams {
  readonly #limits: Limits;
  /** By object identity, which is cheaper than a key. */
  readonly #byVariant = new WeakMap<TableVariant, Upstream>();
  readonly #byId = new Map<string, Upstream>();
  /** Totals of removed incarnations, by service and tier: counters never decrease. */
  readonly #removed = new Map<string, UpstreamTotals>();
  #waiting: (() => void)[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The upstream of a live variant; undefined where the table gives it no destination. */
  of(service: string, key: string, variant: TableVariant): Upstream | undefined {
    const known = this.#byVariant.get(variant);
    if (known !== undefined && !known.destroyed) return known;
    if (variant.destination === undefined) return undefined;
    const id = idOf(service, key, variant);
    let upstream = this.#byId.get(id);
    if (upstream === undefined) {
      const ref = { service, key, incarnation: variant.incarnation };
      const { tier, destination } = variant;
      upstream = new Upstream({ ref, tier, destination, limits: this.#limits });
      upstream.onIdle = this.#idle.bind(this, upstream, id);
      this.#byId.set(id, upstream);
    }
    this.#byVariant.set(variant, upstream);
    return upstream;
  }

  /** Closes the connections to incarnations that the table no longer lists, after their last request. */
  refresh(table: RouteTable): void {
    for (const [id, upstream] of this.#byId) {
      const { service, key } = upstream.ref;
      const variant = own(own(table.services, service) ?? {}, key);
      const listed = variant !== undefined && idOf(service, key, variant) === id;
      upstream.draining = !listed;
      if (!listed && upstream.inFlight === 0) this.#remove(upstream, id);
    }
  }

  inFlight(ref: WorkloadRef): number {
    let sum = 0;
    for (const upstream of this.#byId.values()) {
      if (isSame(upstream.ref, ref)) sum += upstream.inFlight;
    }
    return sum;
  }

  /** True while any incarnation of a variant works on a request without a route. */
  hasUnroutedInFlight(label: string): boolean {
    for (const upstream of this.#byId.values()) {
      if (upstream.label === label && upstream.inFlight > upstream.routedInFlight) return true;
    }
    return false;
  }

  /** Resolves when nothing is in flight to the incarnation, or when the budget is used up or the signal is aborted. */
  drained(ref: WorkloadRef, { budgetMs, signal }: DrainOptions): Promise<"drained" | "budgetOver"> {
    return new Promise((resolve) => {
      const finish = (result: "drained" | "budgetOver"): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", over);
        this.#waiting = this.#waiting.filter((waiter) => waiter !== check);
        resolve(result);
      };
      const check = (): void => {
        if (this.inFlight(ref) === 0) finish("drained");
      };
      const over = (): void => finish(this.inFlight(ref) === 0 ? "drained" : "budgetOver");
      const timer = setTimeout(over, budgetMs);
      signal?.addEventListener("abort", over, { once: true });
      this.#waiting.push(check);
      if (signal?.aborted === true) over();
      else check();
    });
  }

  /** Totals by service and tier, removed incarnations included. */
  tallies(): readonly UpstreamTotals[] {
    const sums = new Map<string, UpstreamTotals>();
    for (const gone of this.#removed.values()) totalsFor(sums, gone).tally.add(gone.tally);
    for (const { ref, tier, tally } of this.#byId.values()) {
      totalsFor(sums, { service: ref.service, tier }).tally.add(tally);
    }
    return [...sums.values()];
  }

  get all(): Iterable<Upstream> {
    return this.#byId.values();
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((upstream) => upstream.destroy()));
  }

  #idle(upstream: Upstream, id: string): void {
    if (upstream.draining) this.#remove(upstream, id);
    for (const check of [...this.#waiting]) check();
  }

  #remove(upstream: Upstream, id: string): void {
    this.#byId.delete(id);
    const { ref, tier, tally } = upstream;
    totalsFor(this.#removed, { service: ref.service, tier }).tally.add(tally);
    void upstream.destroy();
  }
}

export interface UpstreamTotals {
  readonly service: string;
  readonly tier: string;
  readonly tally: Tally;
}

function totalsFor(
  sums: Map<string, UpstreamTotals>,
  { service, tier }: Pick<UpstreamTotals, "service" | "tier">,
): UpstreamTotals {
  const id = `${tier} ${service}`;
  const known = sums.get(id);
  if (known !== undefined) return known;
  const fresh = { service, tier, tally: new Tally() };
  sums.set(id, fresh);
  return fresh;
}

function idOf(service: string, key: string, variant: TableVariant): string {
  return `${service}:${key}#${variant.incarnation}@${variant.destination}`;
}

function isSame(a: WorkloadRef, b: WorkloadRef): boolean {
  return a.service === b.service && a.key === b.key && a.incarnation === b.incarnation;
}
