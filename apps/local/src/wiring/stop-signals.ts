/** How the process is asked to end. */
export interface Stop {
  /** Settles with the first signal, or the first failure that nobody handled. */
  readonly asked: Promise<void>;
  /** Aborted with the second one: what still runs is not waited for. */
  readonly forceSignal: AbortSignal;
  /** 0 after SIGTERM, which is how `cocktail down` ends it; 130 after Ctrl-C; 1 after a failure. */
  exitCode(): number;
}

export interface ProcessEvents {
  on(signal: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
  on(event: "uncaughtException", listener: (error: Error) => void): unknown;
}

const exitCodes = { SIGINT: 130, SIGTERM: 0, SIGHUP: 0, failure: 1 } as const;

/**
 * An exception that nobody handled leaves the process in a state that nobody knows: everything is stopped in order, so that
 * no service is left behind, and the next start goes on from what is stored.
 */
export function stopSignals(source: ProcessEvents, onFailure: (error: Error) => void): Stop {
  const forceSignal = new AbortController();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let why: keyof typeof exitCodes | undefined;
  const ask = (reason: keyof typeof exitCodes): void => {
    if (why !== undefined) forceSignal.abort();
    why ??= reason;
    resolve();
  };
  source.on("SIGINT", () => ask("SIGINT"));
  source.on("SIGTERM", () => ask("SIGTERM"));
  source.on("SIGHUP", () => ask("SIGHUP"));
  source.on("uncaughtException", (error) => {
    onFailure(error);
    ask("failure");
  });
  return {
    asked,
    forceSignal: forceSignal.signal,
    exitCode: () => (why === undefined ? 0 : exitCodes[why]),
  };
}
