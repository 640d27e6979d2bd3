import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { findLeftovers, killLeftovers } from "./leftovers.ts";

const onlyLinux = process.platform === "linux" ? {} : { skip: "only Linux tells environments" };

test(
  "a living process with the mark is found and ended, and nothing else is",
  onlyLinux,
  async (t) => {
    const id = randomUUID();
    const spawnMarked = (mark: string) =>
      spawn(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 1000)"], {
        env: { ...process.env, MARK: mark },
        stdio: ["ignore", "pipe", "ignore"],
      });
    const marked = spawnMarked(id);
    const similar = spawnMarked(`${id}-other`);
    t.after(() => {
      for (const child of [marked, similar]) child.kill("SIGKILL");
    });
    await Promise.all([once(marked.stdout, "data"), once(similar.stdout, "data")]);

    const found = await findLeftovers(`MARK=${id}`);
    assert.deepEqual(
      found.map(({ pid }) => pid),
      [marked.pid],
    );
    killLeftovers(found);
    await once(marked, "exit");
    assert.equal(marked.signalCode, "SIGKILL");
    assert.deepEqual(await findLeftovers(`MARK=${id}`), []);
    killLeftovers(found);
    assert.equal(similar.exitCode, null);
  },
);
