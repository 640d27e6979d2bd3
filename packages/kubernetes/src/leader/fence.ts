import type { Clock } from "@cocktail/work-queue";
import type { Api, ApiRequest } from "../api/api.ts";

/** A write was refused because this process no longer leads, or can't know that it does. */
export class LeadershipLost extends Error {
  override readonly name = "LeadershipLost";
}

/**
 * The proof of one term of leadership. It holds until a deadline of the local monotonic clock that only a renewal moves, so a process
 * that was paused finds it invalid before it writes. Once lost it stays lost: the next term has another.
 */
export class Fence {
  readonly #clock: Clock;
  readonly #aborter = new AbortController();
  #lost: LeadershipLost | undefined;
  #validUntil: number;
  #cancel: () => void = () => undefined;

  /** `clock` must be monotonic. */
  constructor(clock: Clock, validUntil: number) {
    this.#clock = clock;
    this.#validUntil = validUntil;
    this.#arm();
  }

  /** Aborted when leadership is lost. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Why leadership was lost, if it was. */
  get lost(): LeadershipLost | undefined {
    return this.#lost;
  }

  /** How long the fence holds without a renewal, in milliseconds; 0 if it is lost. */
  get remainingMs(): number {
    if (this.#lost !== undefined) return 0;
    const left = this.#validUntil - this.#clock.now();
    if (left > 0) return left;
    this.end("the lease was not renewed in time");
    return 0;
  }

  /** Throws LeadershipLost unless this process surely leads. Call it right before a write. */
  check(): void {
    if (this.remainingMs === 0) this.#aborter.signal.throwIfAborted();
  }

  /** False if the fence was lost before the renewal came. */
  extend(validUntil: number): boolean {
    if (this.remainingMs === 0) return false;
    this.#validUntil = Math.max(this.#validUntil, validUntil);
    this.#arm();
    return true;
  }

  end(why: string): void {
    this.#cancel();
    if (this.#lost !== undefined) return;
    this.#lost = new LeadershipLost(why);
    this.#aborter.abort(this.#lost);
  }

  #arm(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#validUntil - this.#clock.now(), () => {
      // Timers may be early by a fraction of a millisecond.
      if (this.remainingMs > 0) this.#arm();
    });
  }
}

/** The API for work that only a leader may do: every write checks the fence, and none outlives it. Reads pass. */
export function fencedApi(api: Api, fence: Fence): Api {
  const fenced = (request: ApiRequest): ApiRequest => {
    if (request.method === "GET") return request;
    const { signal, guard, timeoutMs } = request;
    return {
      ...request,
      guard: () => {
        guard?.();
        fence.check();
      },
      signal: signal === undefined ? fence.signal : AbortSignal.any([signal, fence.signal]),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
  };
  return {
    request: async (request) => await api.request(fenced(request)),
    stream: async (request) => await api.stream(fenced(request)),
  };
}
