/** The exit codes. A contract: scripts branch on them. */
export const exitCodes = {
  done: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  timeout: 5,
  refused: 6,
  drift: 7,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The table of the reference page. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [0, "done, or nothing to do"],
  [1, "error (see `code`)"],
  [2, "usage, or an invalid spec"],
  [3, "not found (`delete` of an absent object is 0)"],
  [4, "conflict: exists, another branch holds the key, or another cocktail runs from this file"],
  [5, "timeout; the object is printed"],
  [6, "refused: a built-in name, or uncommitted work that only a flag discards"],
  [7, "a check verb found something"],
  [130, "interrupted by Ctrl-C; the operation continues"],
  [143, "terminated"],
];
