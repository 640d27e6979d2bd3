import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { DirectoryChanges } from "./directory-changes.ts";
import { RepeatedChanges } from "./repeated-changes.ts";
import { isUnwatched } from "./unwatched.ts";

interface Watching extends AsyncDisposable {
  readonly root: string;
  write(...names: readonly string[]): void;
  git(...argv: readonly string[]): void;
  /** Opened at the first call: then the next changes. */
  take(): Promise<readonly string[]>;
}

async function watching(
  prepare: (root: Pick<Watching, "root" | "write" | "git">) => void,
): Promise<Watching> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "cocktail-cli-")));
  const root = join(home, "service");
  const write = (...names: readonly string[]): void => {
    for (const name of names) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), `${Math.random()}`);
    }
  };
  const git = (...argv: readonly string[]): void =>
    void execFileSync("git", ["-C", root, ...argv], { stdio: "ignore" });
  write("app.js");
  prepare({ root, write, git });
  const deadline = AbortSignal.timeout(20_000);
  const changes = await DirectoryChanges.open(root, deadline);
  return {
    root,
    write,
    git,
    take: async () => await changes.take(deadline),
    [Symbol.asyncDispose]: async () => {
      await changes[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const nothing = (): void => undefined;

describe("the changes of a directory", () => {
  it("are taken together once they are over, also in directories that are new", async () => {
    await using one = await watching(nothing);
    one.write("app.js", "b.js");
    one.write("new/deep/c.js");
    assert.deepEqual(
      (await one.take()).filter((name) => name.endsWith(".js")),
      ["app.js", "b.js", "new/deep/c.js"],
    );
    one.write("new/deep/c.js");
    assert.deepEqual(await one.take(), ["new/deep/c.js"]);
    rmSync(join(one.root, "b.js"));
    assert.deepEqual(await one.take(), ["b.js"]);
    writeFileSync(join(one.root, "saving"), "");
    renameSync(join(one.root, "saving"), join(one.root, "app.js"));
    assert.ok((await one.take()).includes("app.js"), "saved as editors do");
  });

  it("leave out what git ignores, also where that is new, and what tools and editors write", async () => {
    await using one = await watching(({ git, root, write }) => {
      write("node_modules/a/index.js", "dist/old.js", "sub/.gitignore");
      git("init", "--quiet");
      writeFileSync(join(root, ".gitignore"), "dist/\n*.log\n!kept.log\n");
    });
    one.write("node_modules/a/index.js", "node_modules/b/index.js", ".git/notes", "dist/old.js");
    one.write("sub/a.log", "sub/dist/new.js", "app.js~", ".app.js.swp", ".cocktail/run.json");
    one.write("sub/kept.log");
    assert.deepEqual(await one.take(), ["sub/kept.log"]);
    writeFileSync(join(one.root, "sub/.gitignore"), "*.db\n");
    assert.deepEqual(await one.take(), ["sub/.gitignore"]);
    one.write("sub/data.db", "app.js");
    assert.deepEqual(await one.take(), ["app.js"], "by rules that are new");
  });

  it("are seen in a directory without git, with links in a circle and files that never end", async () => {
    await using one = await watching(({ root }) => {
      symlinkSync("..", join(root, "loop"));
      symlinkSync("/dev/zero", join(root, "zero"));
      execFileSync("mkfifo", [join(root, "pipe")]);
    });
    one.write("node_modules/a.js", "app.js");
    assert.deepEqual(await one.take(), ["app.js"]);
  });

  it("are seen below a link to the directory", async () => {
    await using one = await watching(nothing);
    const link = `${one.root}.link`;
    symlinkSync(one.root, link);
    const { signal } = new AbortController();
    await using changes = await DirectoryChanges.open(link, signal);
    one.write("sub/app.js");
    assert.ok((await changes.take(signal)).includes("sub/app.js"));
  });

  it("go on when the directory was removed and made again", async () => {
    await using one = await watching(nothing);
    rmSync(one.root, { recursive: true });
    assert.ok((await one.take()).includes(""));
    one.write("app.js");
    assert.ok((await one.take()).includes("app.js"));
    one.write("app.js");
    assert.deepEqual(await one.take(), ["app.js"]);
  });
});

it("a limit of the system is named, with how to raise it", (t) => {
  const script = `
    const { DirectoryChanges } = await import(${JSON.stringify(new URL("directory-changes.ts", import.meta.url).href)});
    await DirectoryChanges.open(process.argv[1], AbortSignal.timeout(20_000)).then(
      async (changes) => { console.log("watched"); await changes[Symbol.asyncDispose](); },
      ({ code, message, fix }) => console.log(code, message, fix),
    );`;
  const home = mkdtempSync(join(tmpdir(), "cocktail-cli-"));
  t.after(() => rmSync(home, { recursive: true }));
  for (let count = 0; count < 20; count++) mkdirSync(join(home, String(count)));
  const node = [
    process.execPath,
    "--conditions=@cocktail/source",
    "--input-type=module",
    "-e",
    script,
    home,
  ];
  /** In a user namespace, which has limits of its own. */
  const limited = (limit: string, to: number): string => {
    const command = `echo ${to} > /proc/sys/user/${limit} && exec "$@"`;
    return (
      spawnSync("unshare", ["-Ur", "sh", "-c", command, "sh", ...node], {
        encoding: "utf8",
        timeout: 30_000,
      }).stdout ?? ""
    );
  };
  if (!limited("max_inotify_watches", 100).startsWith("watched"))
    return t.skip("no user namespaces here, so that the limits can't be lowered for one process");
  assert.match(
    limited("max_inotify_watches", 5),
    /^WATCH_FAILED .* can't be watched: it has more directories than .*max_user_watches\) raise the limit: sudo sysctl/,
  );
  assert.match(limited("max_inotify_instances", 0), /^WATCH_FAILED .*max_user_instances/);
});

it("names of editors and tools are known, and others are not taken for them", () => {
  for (const name of [
    ...[
      "node_modules/a/b.js",
      "a/.git/HEAD",
      ".git",
      "a/__pycache__/b.pyc",
      ".venv/x",
      ".cocktail/logs/a",
    ],
    ...[
      "a.js~",
      ".a.js.swp",
      ".a.js.swx",
      "4913",
      "#a.js#",
      ".#a.js",
      "a.js___jb_tmp___",
      ".DS_Store",
      "a.pyc",
    ],
  ])
    assert.equal(isUnwatched(name), true, name);
  for (const name of [
    "",
    "a.js",
    ".env",
    ".gitignore",
    ".github/x",
    "a.swift",
    "49130",
    "git/x",
    "dist/a.js",
  ])
    assert.equal(isUnwatched(name), false, name);
});

it("a file that changes during three redeploys in a row is named, once", () => {
  const repeated = new RepeatedChanges();
  assert.deepEqual(repeated.next(["a.js", "a.db"], true), []);
  assert.deepEqual(repeated.next(["a.db"], true), []);
  assert.deepEqual(repeated.next(["a.db", "a.js"], true), ["a.db"]);
  assert.deepEqual(repeated.next(["a.db"], true), []);
  assert.deepEqual(repeated.next(["a.db"], false), []);
  assert.deepEqual(repeated.next(["a.db"], true), []);
});
