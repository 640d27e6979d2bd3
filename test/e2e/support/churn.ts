import type { Cocktail, Finished } from "./cocktail.ts";
import type { BranchOfPair } from "./branch-life.ts";

/** Branches that come and go while a test does something else. Disposing of it stops it. */
export interface Churn extends AsyncDisposable {
  /** The commands that failed, `-o json`: what stderr holds is the error as an object. */
  readonly failures: readonly Failed[];
  /** Ends after the command that each branch is at. */
  stop(): Promise<void>;
}

export interface Failed extends Finished {
  readonly command: string;
}

/** Deploys, redeploys and deletes each of the branches over and over, all at once; a failure stops nothing. */
export function startChurn(shop: Cocktail, branches: readonly BranchOfPair[]): Churn {
  const failures: Failed[] = [];
  const stopped = new AbortController();
  const attempt = async (...args: readonly string[]): Promise<void> => {
    if (stopped.signal.aborted) return;
    const finished = await shop.cocktail(...args, "-o", "json");
    if (finished.code !== 0) failures.push({ ...finished, command: args.join(" ") });
  };
  const churn = async ({ service, key, source }: BranchOfPair): Promise<void> => {
    while (!stopped.signal.aborted) {
      await attempt("branch", "deploy", service, ...source);
      await attempt("branch", "deploy", service, ...source, "--env", "GENERATION=2");
      await attempt("branch", "delete", `${service}:${key}`);
    }
  };
  const running = Promise.all(branches.map(churn));
  const stop = async (): Promise<void> => {
    stopped.abort();
    await running;
  };
  return { failures, stop, [Symbol.asyncDispose]: stop };
}
