import { openFilesFix } from "@cocktail/local-state";

/** Why Cocktail can't start, as shown to the user: what, why, and the fix. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly fix: string;
  /** Of the process: 1 error, 2 invalid file or command line, 4 already running. */
  readonly exitCode: 1 | 2 | 4;

  constructor(message: string, fix: string, exitCode: 1 | 2 | 4 = 1, cause?: unknown) {
    super(message, { cause });
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** Works in the state directory. An error of the file system is reported to the user, not as a bug. */
export function inState<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const fix = `make sure that ${root} is a directory you own, and that the disk is neither full nor read-only`;
    const why = `the state directory can't be used: ${error.message}`;
    throw new StartFailure(why, openFilesFix(error) ?? fix, 1, error);
  }
}
