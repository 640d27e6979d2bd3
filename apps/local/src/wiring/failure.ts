/** Why Cocktail doesn't start, for a person: what, why, and what to do. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly fix: string;
  /** Of the process: 1 error, 2 an invalid file or command line, 4 it runs already. */
  readonly exitCode: 1 | 2 | 4;

  constructor(message: string, fix: string, exitCode: 1 | 2 | 4 = 1, cause?: unknown) {
    super(message, { cause });
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** Works in the state directory; what the disk refuses there is no fault of ours. */
export function inState<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const fix = `see that ${root} is a directory of yours, and that the disk is neither full nor read-only`;
    throw new StartFailure(`the state can't be written: ${error.message}`, fix, 1, error);
  }
}
