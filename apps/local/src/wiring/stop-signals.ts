/** A request to stop the process. */
export interface Stop {
  /** Settles with the first signal, or the first unhandled exception. */
  readonly requested: Promise<void>;
  /** Aborted by the second one: grace periods end at once. */
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
 * After an unhandled exception the state of the process is unknown: everything is stopped in order, so that no service is
 * left behind, and the next start continues from what is stored.
 */
export function stopSignals(source: ProcessEvents, onFailure: (error: Error) => void): Stop {
  const forceSignal = new AbortController();
  const { promise: requested, resolve } = Promise.withResolvers<void>();
  let why: keyof typeof exitCodes | undefined;
  const request = (reason: keyof typeof exitCodes): void => {
    if (why !== undefined) forceSignal.abort();
    why ??= reason;
    resolve();
  };
  source.on("SIGINT", () => request("SIGINT"));
  source.on("SIGTERM", () => request("SIGTERM"));
  source.on("SIGHUP", () => request("SIGHUP"));
  source.on("uncaughtException", (error) => {
    onFailure(error);
    request("failure");
  });
  return {
    requested,
    forceSignal: forceSignal.signal,
    exitCode: () => (why === undefined ? 0 : exitCodes[why]),
  };
}
