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
