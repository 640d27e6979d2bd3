import type { Upload } from "./upload.ts";

/** Ends uploads that stopped coming. One timer for all, running only while there are any. */
export class BodyWatch {
  readonly #idleMs: number;
  readonly #watched = new Map<Upload, () => void>();
  #timer: NodeJS.Timeout | undefined;

  /** `idleMs` 0: never. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  add(upload: Upload, onSlow: () => void): void {
    if (this.#idleMs === 0) return;
    this.#watched.set(upload, onSlow);
    this.#timer ??= setInterval(this.#check, Math.max(10, this.#idleMs / 4));
  }

  remove(upload: Upload): void {
    this.#watched.delete(upload);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #check = (): void => {
    const now = Date.now();
    for (const [upload, onSlow] of [...this.#watched]) {
      // Only a variant that is ready for more waits for the client; a full pipe is not the client's fault.
      if (upload.hungrySince > 0 && now - upload.hungrySince > this.#idleMs) onSlow();
    }
  };
}
