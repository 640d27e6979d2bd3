// A shop of one's own, with branches: node examples/shop/prepare.ts DIRECTORY [--without SERVICE]... prints what it made.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Branch, branches } from "./branches/branches.ts";

export interface PreparedShop {
  /** A git repository, on its branch `main`. */
  readonly directory: string;
  /** Its cocktail.yaml. */
  readonly file: string;
  /** Each is a real branch of the repository. */
  readonly branches: readonly Branch[];
}

const source = import.meta.dirname;
const dependencies = join(source, "../../node_modules");
const notCopied: ReadonlySet<string> = new Set([
  "node_modules",
  "branches",
  "chassis",
  "test",
  "prepare.ts",
]);

/**
 * Copies the shop to an empty or new directory and makes a repository of it whose branches are the patches of
 * `branches/`. Its dependencies are one symbolic link to those of this clone, which worktrees below the directory find too.
 *
 * @throws Error where the directory holds something, git is missing, or a patch no longer fits
 */
export function prepareShop(target: string, without: readonly string[] = []): PreparedShop {
  const directory = resolve(target);
  if (!existsSync(dependencies)) throw new Error(`${dependencies} is missing: run npm ci first`);
  mkdirSync(directory, { recursive: true });
  cpSync(source, directory, {
    recursive: true,
    errorOnExist: true,
    force: false,
    filter: (path) => !notCopied.has(basename(path)) && !basename(path).startsWith("."),
  });
  symlinkSync(dependencies, join(directory, "node_modules"), "dir");
  // Without a slash: a pattern for directories doesn't match a link.
  writeFileSync(
    join(directory, ".gitignore"),
    "node_modules\n.cocktail\n__pycache__\noutbox.lock\n",
  );
  const file = join(directory, "cocktail.yaml");
  writeFileSync(file, leaveOut(readFileSync(file, "utf8"), without));
  const git = gitIn(directory);
  git("init", "--quiet", "--initial-branch=main");
  commit(git, "The shop");
  const made = branches.filter(({ service }) => !without.includes(service));
  for (const branch of made) {
    git("checkout", "--quiet", "-b", branch.name, "main");
    git("apply", join(source, "branches", branch.patch));
    commit(git, branch.summary);
  }
  git("checkout", "--quiet", "main");
  return { directory, file, branches: made };
}

/** Services are entries of one list, each from its `- name:` to the next. */
function leaveOut(yaml: string, services: readonly string[]): string {
  const [head = "", ...entries] = yaml.split(/^(?= *- name: )/m);
  const kept = entries.filter((entry) => {
    const [, name = ""] = /^ *- name: (\S+)/.exec(entry) ?? [];
    return !services.includes(name);
  });
  return [head, ...kept].join("");
}

type Git = (...args: readonly string[]) => void;

function commit(git: Git, message: string): void {
  git("add", "--all");
  git("commit", "--quiet", "--no-verify", "--message", message);
}

/** The repository must not depend on who runs this: no identity, hooks, signing or line endings of theirs. */
function gitIn(directory: string): Git {
  const who = { name: "Cocktail Shop", email: "shop@example.com" };
  const foreign = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = {
    ...Object.fromEntries(foreign),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: who.name,
    GIT_AUTHOR_EMAIL: who.email,
    GIT_COMMITTER_NAME: who.name,
    GIT_COMMITTER_EMAIL: who.email,
  };
  return (...args) => {
    execFileSync("git", args, { cwd: directory, env, stdio: ["ignore", "ignore", "pipe"] });
  };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { without: { type: "string", multiple: true, default: [] } },
  });
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0) {
    console.error("Usage: node examples/shop/prepare.ts DIRECTORY [--without SERVICE]...");
    process.exitCode = 2;
  } else {
    console.log(JSON.stringify(prepareShop(target, values.without), undefined, 2));
  }
}
