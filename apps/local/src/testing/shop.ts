import { join } from "node:path";
import { type WorktreeRequest, Worktrees } from "../sources/worktree.ts";
import { git, temporary, write } from "./temporary.ts";

export interface Shop extends Disposable {
  readonly root: string;
  readonly store: string;
  readonly worktrees: Worktrees;
  readonly request: WorktreeRequest;
}

/** A repository with a service in a folder, and a branch that changes it. */
export function shop(): Shop {
  const home = temporary({ "repo/cart/app.txt": "one\n", "repo/.gitignore": "*.log\n" });
  const root = join(home.path, "repo");
  git(root, "init", "-q");
  git(root, "add", ".");
  git(root, "commit", "-qm", "one");
  git(root, "checkout", "-qb", "feature/mp-1");
  write(root, { "cart/app.txt": "two\n" });
  git(root, "commit", "-qam", "two");
  git(root, "checkout", "-q", "main");
  return {
    root,
    store: join(home.path, "state/worktrees"),
    worktrees: new Worktrees(join(home.path, "state/worktrees")),
    request: {
      service: "cart",
      key: "mp-1",
      holder: "cart:mp-1#1",
      servicePath: join(root, "cart"),
      branch: "feature/mp-1",
    },
    [Symbol.dispose]: () => home[Symbol.dispose](),
  };
}
