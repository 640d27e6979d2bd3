import type { UntilOptions } from "@cocktail/test-support";

/** Starts and restarts take long on a machine under load, and requests fail meanwhile. */
export const patience: UntilOptions = { ms: 60_000, everyMs: 50, retryErrors: true };
