import { exitCodes } from "./exit-code.ts";
import { Failure } from "./failure.ts";

export interface Signals {
  /** Aborted at the first signal; its reason is the `Failure` to report. */
  readonly signal: AbortSignal;
  /** Called at a second Ctrl-C instead of exiting immediately. */
  readonly onSecondInterrupt: (listener: () => void) => void;
  readonly close: () => void;
}

const interrupted = (): Failure =>
  new Failure({
    code: "INTERRUPTED",
    message: "interrupted while waiting; the operation continues",
    fix: "see its progress: cocktail status",
    retryable: true,
    exitCode: exitCodes.interrupted,
  });
const terminated = (): Failure =>
  new Failure({
    code: "INTERRUPTED",
    message: "terminated while waiting; the operation continues",
    fix: "see its progress: cocktail status",
    retryable: true,
    exitCode: exitCodes.terminated,
  });

/** The first signal requests a stop; a second Ctrl-C exits immediately, as without a handler. */
export function watchSignals(source: NodeJS.Process): Signals {
  const stop = new AbortController();
  let onSecond: () => void = () => source.exit(exitCodes.interrupted);
  const onInterrupt = (): void => (stop.signal.aborted ? onSecond() : stop.abort(interrupted()));
  const onTerminate = (): void => stop.abort(terminated());
  source.on("SIGINT", onInterrupt);
  source.on("SIGTERM", onTerminate);
  source.on("SIGHUP", onTerminate);
  return {
    signal: stop.signal,
    onSecondInterrupt: (listener) => {
      onSecond = listener;
    },
    close: () => {
      source.off("SIGINT", onInterrupt);
      source.off("SIGTERM", onTerminate);
      source.off("SIGHUP", onTerminate);
    },
  };
}
