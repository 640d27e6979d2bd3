import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/** Waits for a value other than undefined and false; the message says what did not come, and what was there instead. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { ms = 20_000, otherwise = (): unknown => "" } = {},
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    assert.ok(
      Date.now() < deadline,
      `waited ${ms} ms for: ${what}\n${JSON.stringify(otherwise())}`,
    );
    await delay(15);
  }
}
