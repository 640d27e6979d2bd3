import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { git } from "../support/git.ts";

/** Each has this many commits; the first is where it is at the beginning of a schedule. */
export const commitsOfBranch = 4;
export const branches = ["feature/mp-1-a", "feature/mp-2-b", "feature/mp-3-c", "next"];
/** Stable's `ref` of `back`. It has a commit for each edit of the file. */
const release = "release";
const commitsOfRelease = 400;

/** What VERSION holds at a commit of a branch. */
export const versionOf = (branch: string, commit: number): string => `${branch}@${commit}`;
/** What the working copy holds: stable of `front`, which has no `ref`. */
export const workingVersion = "main@0";
/** What the directory `alt` holds. */
export const alternateVersion = "alt@0";

/** The user's repository, and what Cocktail must leave as it is. */
export interface UserRepository {
  /** The version of a commit, as the API gives it. */
  versionAt(commit: string): string | undefined;
  move(branch: string, commit: number): void;
  drop(branch: string): void;
  /** Changes the lockfiles of the directories that are no checkouts: what prepared them has to come again. */
  relock(): void;
  /** Moves `release` on, and returns what it is now. */
  release(): string;
  /** Differences of refs, HEAD and the index to what the user made, one line each. */
  moved(): readonly string[];
  /** Every difference, also of files and of git's objects; empty where it is untouched. */
  damage(): readonly string[];
}

/** Makes the directory, which holds the fixture, a repository whose checkouts take a moment. */
export function makeUserRepository(directory: string): UserRepository {
  for (const [where, version] of [
    [".", workingVersion],
    ["alt", alternateVersion],
  ] as const) {
    for (const name of ["VERSION", "content.slow"])
      writeFileSync(join(directory, where, name), `${version}\n`);
  }
  for (const name of ["prepare.sh", "service.ts"])
    cpSync(join(directory, name), join(directory, "alt", name));
  let locked = 0;
  const relock = (): void => {
    locked++;
    for (const place of ["front", "alt/front", "alt/back"])
      writeFileSync(join(directory, place, "package-lock.json"), `${locked}\n`);
  };
  relock();
  writeFileSync(join(directory, ".gitattributes"), "*.slow filter=slow\n");
  git(directory, "init", "--quiet", "--initial-branch=main");
  // Edits of the file are the user's, and no change of the repository.
  appendFileSync(join(directory, ".git/info/exclude"), "/cocktail.yaml\n");
  git(directory, "config", "gc.auto", "0");
  git(directory, "add", "--all", ".");
  git(directory, "commit", "--quiet", "--message=first");
  const shas = importCommits(directory);
  // As of LFS: a checkout waits for another process.
  git(directory, "config", "filter.slow.smudge", "sleep 0.1; cat");
  git(directory, "config", "filter.slow.clean", "cat");
  let released = 0;
  const move = (branch: string, commit: number): void =>
    void git(directory, "update-ref", `refs/heads/${branch}`, shaOf(shas, branch, commit));
  move(release, 0);
  for (const branch of branches) move(branch, 0);
  const untouched = snapshot(directory);
  const refs = new Map(untouched.refs);
  const moved = (branch: string, commit: number): void => {
    move(branch, commit);
    refs.set(`refs/heads/${branch}`, shaOf(shas, branch, commit));
  };
  const versions = new Map([...shas].map(([version, sha]) => [sha, version]));
  versions.set(git(directory, "rev-parse", "HEAD"), workingVersion);
  return {
    versionAt: (commit) => versions.get(commit),
    move: moved,
    drop: (branch) => {
      if (refs.delete(`refs/heads/${branch}`)) git(directory, "branch", "--quiet", "-D", branch);
    },
    relock,
    release: () => {
      released++;
      moved(release, released);
      return versionOf(release, released);
    },
    moved: () => differences({ ...untouched, refs }, briefly(directory)),
    damage: () => differences({ ...untouched, refs }, snapshot(directory)),
  };
}

interface Snapshot {
  readonly refs: ReadonlyMap<string, string>;
  /** By what a failure calls it. */
  readonly texts: Readonly<Record<string, string>>;
}

/** What costs little to look at. */
function briefly(directory: string): Snapshot {
  const lines = git(directory, "for-each-ref", "--format=%(refname) %(objectname)").split("\n");
  return {
    refs: new Map(lines.map((line) => line.split(" ") as [string, string])),
    texts: {
      HEAD: readFileSync(join(directory, ".git/HEAD"), "utf8"),
      config: readFileSync(join(directory, ".git/config"), "utf8"),
      "git status": git(directory, "status", "--porcelain"),
    },
  };
}

function snapshot(directory: string): Snapshot {
  const { refs, texts } = briefly(directory);
  const more = {
    "git fsck": git(directory, "fsck", "--no-dangling", "--no-progress"),
    locks: below(join(directory, ".git"), (name) => name.endsWith(".lock")).join("\n"),
    files: below(directory, () => true).join("\n"),
  };
  return { refs, texts: { ...texts, ...more } };
}

function differences(before: Snapshot, after: Snapshot): readonly string[] {
  const names = [...new Set([...before.refs.keys(), ...after.refs.keys()])];
  const moved = names
    .filter((name) => before.refs.get(name) !== after.refs.get(name))
    .map((name) => `${name}: expected ${before.refs.get(name)}, it is ${after.refs.get(name)}`);
  const changed = Object.entries(after.texts)
    .filter(([name, text]) => before.texts[name] !== text)
    .map(([name, text]) => `${name}: expected ${before.texts[name]}, it is ${text}`);
  return [...moved, ...changed];
}

/** Files below a directory; not Cocktail's own, git's, nor what the user's `prepare` makes. */
function below(directory: string, isMeant: (name: string) => boolean): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && isMeant(entry.name))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(\.git|\.cocktail|prepared)\//.test(path))
    .toSorted();
}

function shaOf(shas: ReadonlyMap<string, string>, branch: string, commit: number): string {
  const sha = shas.get(versionOf(branch, commit));
  if (sha === undefined) throw new Error(`${branch} has no commit ${commit}`);
  return sha;
}

/** Commits of each branch on top of main, by their version. */
function importCommits(directory: string): ReadonlyMap<string, string> {
  const main = git(directory, "rev-parse", "HEAD");
  const all = [
    ...branches.map((branch) => [branch, commitsOfBranch] as const),
    [release, commitsOfRelease] as const,
  ];
  const stream: string[] = [];
  for (const [branch, count] of all) {
    for (let nth = 0; nth < count; nth++) {
      const text = `${versionOf(branch, nth)}\n`;
      const inline = ["VERSION", "content.slow"].map(
        (name) => `M 100644 inline ${name}\ndata ${text.length}\n${text}`,
      );
      stream.push(
        `commit refs/heads/${branch}\ncommitter user <user@example.com> ${1_000_000_000 + nth} +0000\n`,
        `data 1\n.\n${nth === 0 ? `from ${main}\n` : ""}${inline.join("\n")}\n`,
      );
    }
  }
  execFileSync("git", ["fast-import", "--quiet"], { cwd: directory, input: stream.join("") });
  return new Map(
    all.flatMap(([branch]) => {
      const range = `${main}..refs/heads/${branch}`;
      const shas = git(directory, "rev-list", "--reverse", range).split("\n");
      return shas.map((sha, nth) => [versionOf(branch, nth), sha] as const);
    }),
  );
}
