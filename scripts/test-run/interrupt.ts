import { setTimeout as pause } from "node:timers/promises";
import { findLeftovers, killLeftovers } from "./leftovers.ts";

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Makes the first Ctrl-C end what the tests have started too, and then this process. A cocktail has a process group of its
 * own, which the terminal's signal doesn't reach.
 */
export function endTogether(mark: string): void {
  for (const [signal, code] of Object.entries(exitCodes)) {
    process.once(signal, () => void endAll(mark).finally(() => process.exit(code)));
  }
}

/** Again and again, because what is just starting has children a moment later; a bounded number of times. */
async function endAll(mark: string): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const leftovers = await findLeftovers(mark);
    if (leftovers.length === 0) return;
    killLeftovers(leftovers);
    await pause(50);
  }
}
