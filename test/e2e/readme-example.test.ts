import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startCocktail } from "./support/cocktail.ts";
import { get } from "./support/request.ts";

const hello = join(import.meta.dirname, "../../examples/hello");
const missing = ["python3", "socat"].filter((program) => !isInstalled(program));

describe("the README's example: one service in Python, one in shell", () => {
  it(
    "routes by header and by host, without a library in either service",
    { skip: missing.length > 0 && `not installed: ${missing.join(", ")}` },
    async () => {
      await using shop = await startCocktail(hello);
      const greeter = { edge: shop.edge, host: "greeter.localhost" };
      const stable = await get(greeter);
      assert.equal(stable.status, 200);
      assert.match(stable.body, /^Hello, it is .*UTC/);
      assert.equal(stable.served, "greeter:stable");

      await shop.ok(
        "branch",
        "deploy",
        "clock",
        "--key",
        "mp-7",
        "--path",
        "clock",
        "--env",
        "FORMAT=short",
      );
      const byHeader = await get({ ...greeter, headers: { "x-service-route": "clock:mp-7" } });
      assert.match(byHeader.body, /^Hello, it is [0-9]{2}:[0-9]{2}\n$/);
      const byHost = await get({ ...greeter, host: "mp-7.greeter.localhost" });
      assert.match(byHost.body, /^Hello, it is [0-9]{2}:[0-9]{2}\n$/);
      assert.match((await get(greeter)).body, /UTC/, "stable is what it was");
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
