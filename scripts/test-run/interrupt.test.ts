import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { findLeftovers, killLeftovers } from "./leftovers.ts";

const onlyLinux = process.platform === "linux" ? {} : { skip: "only Linux tells environments" };
const interruptUrl = new URL("interrupt.ts", import.meta.url).href;

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`${signal} ends what was started in a group of its own, too`, onlyLinux, async (t) => {
    const mark = `MARK=${randomUUID()}`;
    t.after(async () => killLeftovers(await findLeftovers(mark)));
    const idle = `setInterval(() => {}, 1000); console.log("up");`;
    const runner = `
      import { spawn } from "node:child_process";
      import { endTogether } from ${JSON.stringify(interruptUrl)};
      endTogether(${JSON.stringify(mark)});
      const env = { ...process.env, MARK: ${JSON.stringify(mark.slice("MARK=".length))} };
      spawn(process.execPath, ["-e", ${JSON.stringify(idle)}], { env, detached: true, stdio: ["ignore", "inherit", "ignore"] });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", runner], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    assert.equal((await findLeftovers(mark)).length, 1);
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [code, null]);
    assert.deepEqual(await findLeftovers(mark), []);
  });
}
