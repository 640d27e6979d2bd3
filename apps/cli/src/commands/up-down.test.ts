import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { identify } from "@cocktail/local-state";
import { invoke } from "../../test/support/invoke.ts";

async function workspace(t: TestContext): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "cocktail-cli-")));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "cocktail.yaml"), "");
  return directory;
}

/** A process that holds the lock and has not written a run file yet. */
async function startHolder(t: TestContext, directory: string) {
  const child = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = new Promise<NodeJS.Signals | null>((settle) =>
    child.once("exit", (_, signal) => settle(signal)),
  );
  await new Promise((settle) => child.stdout.once("data", settle));
  await mkdir(join(directory, ".cocktail"));
  const identity = identify(child.pid ?? 0) ?? assert.fail("it lives");
  await writeFile(join(directory, ".cocktail/lock"), JSON.stringify(identity));
  return { pid: identity.pid, ended };
}

const skipAsRoot = process.getuid?.() === 0 && "root may read everything";

describe("a cocktail that is starting", () => {
  it("is not started a second time, and is not reported as absent", async (t) => {
    const directory = await workspace(t);
    const { pid } = await startHolder(t, directory);
    const up = await invoke(["up", "--detach"], { cwd: directory });
    assert.equal(up.code, 4);
    assert.match(
      up.stderr,
      new RegExp(`is already starting or stopping \\(process ${pid}\\) {2}\\[RUNNING\\]`),
    );
    const status = await invoke(["status"], { cwd: directory });
    assert.equal(status.code, 1);
    assert.match(status.stderr, /is starting or stopping \(process \d+\) {2}\[NOT_RUNNING\]/);
    const doctor = await invoke(["doctor", "--port", "0"], { cwd: directory });
    assert.match(doctor.stdout, new RegExp(`! run +process ${pid} is starting or stopping\n`));
  });

  it("is stopped by down and leaves nothing behind", async (t) => {
    const directory = await workspace(t);
    const { pid, ended } = await startHolder(t, directory);
    const down = await invoke(["down", "--purge"], { cwd: directory });
    assert.equal(down.code, 0, down.stderr);
    assert.match(down.stdout, new RegExp(`^cocktail stopped {2}process ${pid}\n.* deleted\n$`));
    assert.equal(await ended, "SIGTERM");
    assert.equal(existsSync(join(directory, ".cocktail")), false);
  });
});

it("down names the file of a cocktail that is not running", async (t) => {
  const directory = await workspace(t);
  const { code, stdout } = await invoke(["down"], { cwd: directory });
  const file = join(directory, "cocktail.yaml");
  assert.deepEqual([code, stdout], [0, `cocktail already absent  ${file}\n`]);
});

describe("down --purge", () => {
  it("names the schema that it leaves in the user's database", async (t) => {
    const directory = await workspace(t);
    await mkdir(join(directory, ".cocktail"));
    await writeFile(join(directory, ".cocktail/schema"), "cocktail_shop_0badcafe\n");
    const { code, stdout } = await invoke(["down", "--purge"], { cwd: directory });
    assert.equal(code, 0);
    assert.match(stdout, /^left: .*: DROP SCHEMA cocktail_shop_0badcafe CASCADE$/m);
    assert.equal(existsSync(join(directory, ".cocktail")), false);
  });

  it("unregisters its own worktrees, and no other missing ones", async (t) => {
    const directory = await workspace(t);
    const git = (...args: readonly string[]): string =>
      execFileSync("git", ["-C", directory, "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    git("init", "-q");
    git("commit", "-q", "--allow-empty", "-m", "one");
    const ours = join(directory, ".cocktail/worktrees/cart.mp-1.0");
    const theirs = join(directory, "elsewhere");
    for (const path of [ours, theirs]) git("worktree", "add", "-q", "--detach", path);
    await rm(theirs, { recursive: true });
    // Of a checkout whose making was cut off: git locked the record, and the directory may be gone.
    const cut = join(directory, ".cocktail/worktrees/cart.mp-2.0");
    git("worktree", "add", "-q", "--detach", "--lock", cut);
    await rm(cut, { recursive: true });
    await writeFile(
      join(directory, ".cocktail/repositories.json"),
      JSON.stringify([join(directory, ".git")]),
    );
    const { code, stderr } = await invoke(["down", "--purge"], { cwd: directory });
    assert.equal(code, 0, stderr);
    const known = git("worktree", "list", "--porcelain");
    assert.doesNotMatch(known, /cart\.mp-/);
    assert.match(known, /elsewhere/);
  });
});

describe("an unusable state directory", () => {
  it("is reported before anything is started, and not as a bug", async (t) => {
    const directory = await workspace(t);
    await writeFile(join(directory, ".cocktail"), "not a directory");
    for (const argv of [["up"], ["up", "--detach"]]) {
      const { code, stderr } = await invoke(argv, { cwd: directory });
      assert.equal(code, 1);
      assert.match(stderr, /^error: .*\.cocktail cannot be used: .*\[STATE_UNUSABLE\]\nfix: /);
    }
  });

  it("is not treated as the state of a stopped cocktail", { skip: skipAsRoot }, async (t) => {
    const directory = await workspace(t);
    const state = join(directory, ".cocktail");
    await mkdir(state, { mode: 0o000 });
    const refuses = async (): Promise<void> => {
      for (const argv of [["status"], ["down"], ["up"]]) {
        const { code, stderr } = await invoke(argv, { cwd: directory });
        assert.deepEqual([code, stderr.includes("[STATE_UNUSABLE]")], [1, true], stderr);
      }
    };
    await refuses();
    await chmod(state, 0o700);
    await writeFile(join(state, "lock"), "", { mode: 0o000 });
    await refuses();
  });
});
