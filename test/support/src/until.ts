import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

export interface UntilOptions {
  /** The deadline. Where bugs are planted COCKTAIL_TEST_DEADLINE_MS sets another default: there, most waiting is in vain. */
  readonly ms?: number;
  /** The pause between two probes. */
  readonly everyMs?: number;
  /** What the error shows when the deadline passes, instead of what the last probe gave. */
  readonly seen?: () => unknown;
  /** A probe that throws is repeated. Otherwise its error ends the waiting. */
  readonly retryErrors?: boolean;
}

type Probe<T> = () => T | undefined | false | Promise<T | undefined | false>;

/** Probes until the result is neither undefined nor false, and returns it. The error says what was awaited and what was seen last. */
export async function until<T>(
  what: string,
  probe: Probe<T>,
  { ms = defaultMs(), everyMs = 10, seen, retryErrors = false }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const { found, last } = await look(probe, retryErrors);
    if (found !== undefined) return found;
    if (performance.now() >= deadline) {
      const shown = describe(seen === undefined ? last : seen());
      throw new Error(`waited ${ms} ms for ${what}; seen last: ${shown}`, { cause: last });
    }
    await delay(everyMs);
  }
}

async function look<T>(
  probe: Probe<T>,
  retryErrors: boolean,
): Promise<{ readonly found?: T; readonly last?: unknown }> {
  try {
    const value = await probe();
    return value === undefined || value === false ? { last: value } : { found: value };
  } catch (error) {
    if (!retryErrors) throw error;
    return { last: error };
  }
}

function defaultMs(): number {
  return Number(process.env["COCKTAIL_TEST_DEADLINE_MS"] ?? 30_000);
}

function describe(value: unknown): string {
  const text = typeof value === "string" ? value : inspect(value, { depth: 6 });
  return text.length > longestShown ? `... ${text.slice(-longestShown)}` : text;
}

const longestShown = 3_000;
