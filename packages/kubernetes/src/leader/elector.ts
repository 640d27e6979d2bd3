import { type Clock, pause, systemClock } from "@cocktail/work-queue";
import type { Api } from "../api/api.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../api/api-error.ts";
import { collectionPath, objectPath, type Resource } from "../api/resource.ts";
import type { Logger } from "../log.ts";
import { isKubeObject, type KubeObject } from "../object.ts";
import { decide, isHeldBy, type Observation, observe, released } from "./election.ts";
import { Fence } from "./fence.ts";

export interface ElectorOptions {
  readonly api: Api;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unique for every process: two of one identity would both lead. */
  readonly identity: string;
  readonly log: Logger;
  readonly timing?: ElectionTiming | undefined;
  /** Monotonic. Default: that of the process. */
  readonly clock?: Clock | undefined;
  /** Epoch milliseconds, for people who read the lease. */
  readonly wallNow?: (() => number) | undefined;
  readonly random?: (() => number) | undefined;
  /** Told when leadership begins and ends. */
  readonly onChange?: ((isLeader: boolean) => void) | undefined;
}

/** In milliseconds, falling: `leaseMs` (whole seconds) > `renewDeadlineMs` > `retryMs`. */
export interface ElectionTiming {
  /** Others take over when they saw the record unchanged for so long. */
  readonly leaseMs: number;
  /** So long after the last renewal was sent the leader stops writing. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

const defaultTiming: ElectionTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

const leases: Resource = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  isNamespaced: true,
};

export const monotonicClock: Clock = { now: () => performance.now(), after: systemClock.after };

/** Work of a leader: until `stopping`, after which it ends what it has begun; at once when the fence is lost. */
export type Lead = (term: {
  readonly fence: Fence;
  readonly stopping: AbortSignal;
}) => Promise<void>;

/** Leads while it holds a Lease. */
export class Elector {
  readonly #options: ElectorOptions;
  readonly #timing: ElectionTiming;
  readonly #clock: Clock;
  #observed: Observation | undefined;
  /** As last read or written. */
  #lease: KubeObject | undefined;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? defaultTiming;
    this.#clock = options.clock ?? monotonicClock;
    const { leaseMs, renewDeadlineMs, retryMs } = this.#timing;
    if (
      leaseMs % 1000 !== 0 ||
      leaseMs <= renewDeadlineMs ||
      renewDeadlineMs <= retryMs ||
      retryMs <= 0
    )
      throw new RangeError(
        "the timing of an election must fall: leaseMs (whole seconds) > renewDeadlineMs > retryMs > 0",
      );
  }

  /** Campaigns, leads, and campaigns again when leadership is lost. On the signal `lead` ends, then the lease is released. */
  async run(signal: AbortSignal, lead: Lead): Promise<void> {
    while (!signal.aborted) {
      const until = await this.#attempt(false, signal);
      if (until !== undefined) await this.#term(new Fence(this.#clock, until), signal, lead);
      await this.#pause(signal, 1.2);
    }
  }

  async #term(fence: Fence, stopping: AbortSignal, lead: Lead): Promise<void> {
    const { log, onChange, identity } = this.#options;
    log.info({ identity }, "leads");
    onChange?.(true);
    const over = new AbortController();
    fence.signal.addEventListener("abort", () => onChange?.(false), { once: true });
    const renewing = this.#renew(fence, over.signal);
    try {
      await lead({ fence, stopping });
    } catch (err) {
      if (!fence.signal.aborted) log.error({ err, identity }, "the work of the leader failed");
    }
    over.abort();
    await renewing;
    const isHeld = fence.remainingMs > 0;
    if (!isHeld) log.warn({ identity, err: fence.lost }, "leads no more");
    // Before the release: the next leader may begin at once.
    fence.end("the term is over");
    if (isHeld) await this.#release();
  }

  async #renew(fence: Fence, over: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([over, fence.signal]);
    for (;;) {
      await this.#pause(ended, 0);
      if (ended.aborted) return;
      const until = await this.#attempt(true, ended);
      if (until !== undefined) fence.extend(until);
      else if (this.#lease !== undefined && !isHeldBy(this.#lease, this.#options.identity))
        fence.end("another holds the lease");
    }
  }

  /** One try to take the lease, or to renew it. Gives until when leadership is sure, counted from before the request that won it. */
  async #attempt(isLeading: boolean, signal: AbortSignal): Promise<number | undefined> {
    try {
      if (!isLeading || this.#lease === undefined) this.#lease = await this.#read(signal);
      const decision = this.#decide(this.#lease ?? this.#blank());
      if (decision.kind === "wait") return undefined;
      const sentAt = this.#clock.now();
      this.#lease = await this.#write(decision.lease, signal);
      return sentAt + this.#timing.renewDeadlineMs;
    } catch (err) {
      // Whether a write was executed may be unknown: the next try reads.
      this.#lease = undefined;
      const isRace = isConflict(err) || isAlreadyExists(err);
      if (!isRace && !signal.aborted)
        this.#options.log.warn({ err }, "could not take or renew the lease, retrying");
      return undefined;
    }
  }

  #decide(lease: KubeObject): ReturnType<typeof decide> {
    const now = this.#clock.now();
    this.#observed = observe(this.#observed, lease, now);
    const { identity, wallNow = Date.now } = this.#options;
    const leaseSeconds = this.#timing.leaseMs / 1000;
    return decide({ identity, leaseSeconds, wallNow: wallNow() }, lease, this.#observed, now);
  }

  async #release(): Promise<void> {
    const { log, identity, wallNow = Date.now } = this.#options;
    try {
      this.#lease ??= await this.#read(undefined);
      if (this.#lease === undefined || !isHeldBy(this.#lease, identity)) return;
      this.#lease = await this.#write(released(this.#lease, wallNow()), undefined);
    } catch (err) {
      this.#lease = undefined;
      log.warn({ err }, "could not release the lease; others take over when it expires");
    }
  }

  #blank(): KubeObject {
    const { namespace, name } = this.#options.lease;
    return { apiVersion: leases.apiVersion, kind: leases.kind, metadata: { namespace, name } };
  }

  async #read(signal: AbortSignal | undefined): Promise<KubeObject | undefined> {
    const path = objectPath(leases, this.#options.lease);
    try {
      return expectLease(
        await this.#options.api.request({ method: "GET", path, ...this.#patience(signal) }),
      );
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** With the version that was read as the precondition. */
  async #write(lease: KubeObject, signal: AbortSignal | undefined): Promise<KubeObject> {
    const { lease: ref, api } = this.#options;
    const isNew = lease.metadata.resourceVersion === undefined;
    const method = isNew ? "POST" : "PUT";
    const path = isNew ? collectionPath(leases, ref.namespace) : objectPath(leases, ref);
    return expectLease(await api.request({ method, path, body: lease, ...this.#patience(signal) }));
  }

  /** A lost answer must leave time for other tries before the deadline. */
  #patience(signal: AbortSignal | undefined): {
    readonly tries: number;
    readonly timeoutMs: number;
    readonly signal: AbortSignal | undefined;
  } {
    return { tries: 1, timeoutMs: Math.ceil(this.#timing.renewDeadlineMs / 3), signal };
  }

  async #pause(signal: AbortSignal, jitter: number): Promise<void> {
    const { random = Math.random } = this.#options;
    const { retryMs } = this.#timing;
    await pause(this.#clock, retryMs * (1 + jitter * random()), signal);
  }
}

function expectLease(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new Error("the answer is not a Lease");
}
