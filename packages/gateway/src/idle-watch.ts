/** An upload or a response that may wait for its client. */
export interface Waiting {
  /** Since when, by the monotonic `performance.now()`; 0 while it isn't waiting. */
  readonly waitingSince: number;
}

/** Calls `onIdle` for everything that waits too long. One timer for all, running only while anything is watched. */
export class IdleWatch {
  readonly #idleMs: number;
  readonly #watched = new Map<Waiting, () => void>();
  #timer: NodeJS.Timeout | undefined;

  /** `idleMs` 0: never. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  add(waiting: Waiting, onIdle: () => void): void {
    if (this.#idleMs === 0) return;
    this.#watched.set(waiting, onIdle);
    this.#timer ??= setInterval(this.#check, Math.max(10, this.#idleMs / 4));
  }

  remove(waiting: Waiting): void {
    if (!this.#watched.delete(waiting) || this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #check = (): void => {
    const now = performance.now();
    for (const [{ waitingSince }, onIdle] of [...this.#watched]) {
      if (waitingSince > 0 && now - waitingSince > this.#idleMs) onIdle();
    }
  };
}
