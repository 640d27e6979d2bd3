/** How the process is asked to end. */
export interface Stop {
  /** Settles with the first signal. */
  readonly asked: Promise<void>;
  /** Aborted with the second one: what still runs is not waited for. */
  readonly hurry: AbortSignal;
  /** 0 after SIGTERM, which is how `cocktail down` ends it; 130 after Ctrl-C. */
  exitCode(): number;
}

interface Signals {
  on(signal: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
}

export function stopSignals(source: Signals): Stop {
  const hurry = new AbortController();
  let first: string | undefined;
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      source.on(signal, () => {
        if (first !== undefined) hurry.abort();
        first ??= signal;
        resolve();
      });
    }
  });
  return { asked, hurry: hurry.signal, exitCode: () => (first === "SIGINT" ? 130 : 0) };
}
