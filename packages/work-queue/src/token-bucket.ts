import type { Clock } from "./clock.ts";

export interface TokenBucketOptions {
  readonly clock: Clock;
  readonly perSecond: number;
  /** Tokens at the start, and at most. */
  readonly burst: number;
}

/** A limit of a rate, for all keys together. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.clock.now();
  }

  /** Takes a token and returns how many milliseconds to wait for it: 0 while there are any. */
  reserve(): number {
    this.#fill();
    this.#tokens--;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * 1000) / this.#options.perSecond);
  }

  /** Takes a token, if there is one. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(): void {
    const { clock, perSecond, burst } = this.#options;
    const now = clock.now();
    // A clock that is set back adds nothing, and takes nothing.
    const passed = Math.max(0, now - this.#filledAt);
    this.#tokens = Math.min(burst, this.#tokens + (passed * perSecond) / 1000);
    this.#filledAt = now;
  }
}
