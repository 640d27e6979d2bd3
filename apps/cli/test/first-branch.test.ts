import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { guideCommands } from "./support/guide.ts";
import { openShell } from "./support/shell-session.ts";

const root = join(import.meta.dirname, "../../..");
const page = join(root, "docs/guides/first-branch.md");

describe("docs/guides/first-branch.md", () => {
  it("fits a page", async () => {
    assert.ok((await readFile(page, "utf8")).split("\n").length <= 180);
  });

  it("every command does what the page says", { timeout: 110_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "cocktail-guide-"));
    const who = {
      GIT_AUTHOR_NAME: "A",
      GIT_AUTHOR_EMAIL: "a@example.com",
      GIT_COMMITTER_NAME: "A",
      GIT_COMMITTER_EMAIL: "a@example.com",
      GIT_CONFIG_GLOBAL: "/dev/null",
    };
    const path = [
      join(root, "node_modules/.bin"),
      dirname(process.execPath),
      process.env["PATH"] ?? "",
    ].join(delimiter);
    await using shell = openShell(directory, { ...process.env, ...who, PATH: path, NO_COLOR: "1" });
    const port = await freePort();
    const commands = guideCommands(await readFile(page, "utf8"));
    assert.ok(
      commands.filter(({ expected }) => expected.length > 0).length > 12,
      "the page promises what is printed",
    );
    try {
      for (const { command, expected } of commands) {
        const typed = command
          .replaceAll("8080", String(port))
          .replace("up --detach", `up --detach --port ${port}`);
        const { code, output } = await shell.run(typed);
        assert.equal(code, 0, `${typed}\n${output}`);
        for (const text of expected)
          assert.ok(output.includes(text), `${typed}\ndid not print "${text}":\n${output}`);
      }
    } finally {
      await shell.run("cocktail down --purge");
      await rm(directory, { recursive: true, force: true });
    }
  });
});

/** The guide needs a fixed port. If another process takes it before the start, the test fails and names it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
