import { setTimeout as pause } from "node:timers/promises";

/** Asks again until `probe` gives something other than undefined; the error of the deadline says what was awaited. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 60_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await pause(50);
  }
  throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`, { cause: last });
}
