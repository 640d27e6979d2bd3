import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { startCocktail } from "./support/cocktail.ts";

const root = join(import.meta.dirname, "../..");
const hello = join(root, "examples/hello");
const missing = ["python3", "socat", "curl"].filter((program) => !isInstalled(program));

/** The README's code blocks of one language. */
async function blocksOf(language: string): Promise<readonly string[]> {
  const page = await readFile(join(root, "README.md"), "utf8");
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = ""]) =>
    name === language ? [text] : [],
  );
}

describe("the README's example: one service in Python, one in shell", () => {
  it("is the file that lies in examples/hello", async () => {
    const [shown = ""] = await blocksOf("yaml");
    const file = await readFile(join(hello, "cocktail.yaml"), "utf8");
    assert.equal(shown.replaceAll(/ +#.*$/gm, ""), file);
  });

  it(
    "routes by header and by host, without a library in either service, line for line",
    { skip: missing.length > 0 && `not installed: ${missing.join(", ")}` },
    async () => {
      const block = (await blocksOf("sh")).find((text) => text.startsWith("cd examples/hello\n"));
      const [up, rest] = block?.split(/^(?<=npx cocktail up --detach\n)/m) ?? [];
      assert.equal(up, "cd examples/hello\nnpx cocktail up --detach\n");
      assert.ok(rest !== undefined);

      await using shop = await startCocktail(hello);
      await symlink(join(root, "node_modules"), join(shop.directory, "node_modules"), "dir");
      const port = new URL(shop.run.edge).port;
      const { stdout } = await promisify(execFile)(
        "sh",
        ["-eu", "-c", rest.replaceAll("8080", port)],
        {
          cwd: shop.directory,
          // npx must find the clone's cocktail, never somebody else's in a registry.
          env: { ...process.env, npm_config_offline: "true", no_proxy: "localhost", NO_COLOR: "1" },
        },
      );
      const time = /[0-9]{2}:[0-9]{2}/;
      const answers = stdout.split("\n").filter((line) => line.startsWith("Hello, it is "));
      assert.deepEqual(
        answers.map((line) => (/UTC [0-9]{4}$/.test(line) ? "long" : time.test(line) && "short")),
        ["long", "short", "short", "long"],
        stdout,
      );
      assert.match(stdout, /clock:mp-7 +pin/, "the trace names the branch");
    },
  );
});

function isInstalled(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
