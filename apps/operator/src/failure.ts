/** Why the operator doesn't start, for people. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly fix: string;
  /** 2: what it was told is wrong; 1: the cluster is. */
  readonly exitCode: 1 | 2;

  constructor(message: string, fix: string, exitCode: 1 | 2) {
    super(message);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}
