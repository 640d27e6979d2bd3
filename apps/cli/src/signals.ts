import { exitCodes } from "./exit-code.ts";
import { Failure } from "./failure.ts";

export interface Signals {
  /** Aborted at the first signal; its reason is the `Failure` to end with. */
  readonly signal: AbortSignal;
  /** Called at a second Ctrl-C instead of ending at once. */
  readonly onSecondInterrupt: (listener: () => void) => void;
  readonly close: () => void;
}

const interrupted = (): Failure =>
  new Failure({
    code: "INTERRUPTED",
    message: "interrupted; what was begun goes on",
    fix: "see how it goes: cocktail status",
    retryable: true,
    exitCode: exitCodes.interrupted,
  });
const terminated = (): Failure =>
  new Failure({
    code: "INTERRUPTED",
    message: "terminated; what was begun goes on",
    fix: "see how it goes: cocktail status",
    retryable: true,
    exitCode: exitCodes.terminated,
  });

/** The first signal asks to stop; a second Ctrl-C ends the process at once, the way it does without a handler. */
export function watchSignals(source: NodeJS.Process): Signals {
  const stop = new AbortController();
  let again: () => void = () => source.exit(exitCodes.interrupted);
  const onInterrupt = (): void => (stop.signal.aborted ? again() : stop.abort(interrupted()));
  const onTerminate = (): void => stop.abort(terminated());
  source.on("SIGINT", onInterrupt);
  source.on("SIGTERM", onTerminate);
  source.on("SIGHUP", onTerminate);
  return {
    signal: stop.signal,
    onSecondInterrupt: (listener) => {
      again = listener;
    },
    close: () => {
      source.off("SIGINT", onInterrupt);
      source.off("SIGTERM", onTerminate);
      source.off("SIGHUP", onTerminate);
    },
  };
}
