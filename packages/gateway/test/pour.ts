import type { Writable } from "node:stream";

export interface Poured {
  /** Bytes written so far. */
  sent: number;
}

const chunk = Buffer.alloc(1 << 20, 1);

/** Writes so many bytes (whole MiB; `Infinity`: without end) as fast as they are taken, then calls `done`. */
export function pour(to: Writable, total: number, done: () => void = () => undefined): Poured {
  const poured: Poured = { sent: 0 };
  const more = (): void => {
    while (poured.sent < total) {
      poured.sent += chunk.length;
      if (to.write(chunk)) continue;
      to.once("drain", more);
      return;
    }
    done();
  };
  more();
  return poured;
}
