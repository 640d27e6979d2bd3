/** An RFC 9457 problem, with the members every Cocktail error has. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** SCREAMING_SNAKE; branch on this, never on the text. */
  readonly code: ProblemCode;
  /** Why, in one UpperCamel word: the same as a condition's reason. */
  readonly reason?: string | undefined;
  /** What the reason is about, by name: `variant`, `environment`, `path` ... */
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly fix: string;
  readonly retryable: boolean;
  /** Every fault of an invalid body at once. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[] | undefined;
}

export const problemCodes = [
  "INVALID", //           400: body, query or name
  "UNAUTHORIZED", //      401: token missing or wrong
  "FORBIDDEN_HOST", //    403: Host is not loopback (DNS rebinding)
  "FORBIDDEN_ORIGIN", //  403: sent by a page of another origin
  "NOT_FOUND", //         404
  "CONFLICT", //          409: exists, another branch on this key, an environment that is a parent
  "REFUSED", //           422: built-in names, uncommitted work, no repository
  "UNCOMMITTED_WORK", //  422: a worktree that would be lost
  "NO_REPOSITORY", //     422: --branch needs a git repository around the service's path
  "TOO_LARGE", //         413
  "STORE_UNAVAILABLE", // 503, retryable
  "NOT_READY", //         503, retryable: starting or stopping
  "INTERNAL", //          500
] as const;
export type ProblemCode = (typeof problemCodes)[number];
