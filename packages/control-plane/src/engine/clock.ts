/** Time as the lifecycle sees it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls once, not before so many milliseconds; returns a function that cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Node's timers hold 31 bits; longer delays must be re-armed. */
const longest = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(milliseconds, 0), longest));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
