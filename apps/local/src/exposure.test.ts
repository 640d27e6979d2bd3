// What other users of the machine, pages in a browser and the services themselves reach of a running cocktail, also where
// Cocktail doesn't protect: SECURITY.md says so, and must not promise more.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type LocalCocktail, openLocal } from "./testing/cocktail-local.ts";
import { temporary } from "./testing/temporary.ts";

const secretOf = { front: "secret-of-front", back: "secret-of-back" };
const files = {
  "app.cjs": `
    const { readFileSync } = require("node:fs");
    const seen = () => ({
      uid: process.getuid(),
      env: process.env,
      token: JSON.parse(readFileSync(".cocktail/run.json", "utf8")).token,
      password: readFileSync(".cocktail/pg/password", "utf8").trim(),
    });
    require("node:http").createServer(({ headers }, response) => response.end(JSON.stringify({ ...seen(), headers })))
      .listen(process.env.PORT, process.env.HOST);
  `,
  "cocktail.yaml": `
apiVersion: cocktail.dev/v1alpha1
kind: Cocktail
metadata: {name: one}
services:
- {name: front, path: ., command: [node, app.cjs], entry: true, env: {FRONT: ${secretOf.front}}}
- {name: back, path: ., command: [node, app.cjs], env: {BACK: ${secretOf.back}}}
`,
};

interface Seen {
  readonly uid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly token: string;
  readonly password: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What answers at an address of the machine, asked for a host as a page could have it asked. */
function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false });
    asked.on("error", reject).once("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.once("end", () => resolve(JSON.parse(body) as Seen));
    });
    asked.end();
  });
}

describe("of a running cocktail", () => {
  const home = temporary(files);
  let local: LocalCocktail;
  before(async () => {
    local = await openLocal(home.path, { OF_THE_USER: "yes", COCKTAIL_TOKEN: "of-the-user" });
    await Promise.all([local.ready("front", "stable"), local.ready("back", "stable")]);
  });
  after(async () => {
    await local[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  /** The addresses at which it listens: the edge, a mesh listener, and a service's own. */
  const addresses = async (): Promise<Readonly<Record<"edge" | "mesh" | "service", string>>> => {
    const { variables } = await local.api.variantEnvironment("front", "stable");
    const { incarnations } = await local.api.variant("back", "stable");
    return {
      edge: local.run.edge ?? "",
      mesh: variables["BACK_URL"] ?? "",
      service: incarnations[0]?.destination ?? "",
    };
  };

  test("a service is the user: it reads the token, the database's password and the variables of others", async () => {
    const seen = await ask(local.run.edge ?? "", { host: "localhost" });
    assert.equal(seen.uid, process.getuid?.());
    assert.equal(seen.token, local.run.token);
    assert.equal(
      seen.password,
      readFileSync(join(home.path, ".cocktail/pg/password"), "utf8").trim(),
    );
    const { variables } = await local.api.variantEnvironment("back", "stable");
    assert.equal(variables["BACK"], secretOf.back, "with that token");
  });

  test("a service is given the user's variables and its own, no token and no other service's", async () => {
    const { env } = await ask(local.run.edge ?? "", { host: "localhost" });
    assert.deepEqual([env["OF_THE_USER"], env["FRONT"]], ["yes", secretOf.front]);
    const values = Object.values(env).join("\n");
    for (const secret of [local.run.token, "of-the-user", secretOf.back])
      assert.ok(!values.includes(secret), secret);
  });

  test("whoever has the token runs any command", async () => {
    const command = ["node", "-e", "console.error(process.getuid() + ' ran'); process.exit(1)"];
    const source = { kind: "directory", path: home.path } as const;
    await local.api.deploy({ service: "front", key: "any", source, command });
    const signal = AbortSignal.timeout(30_000);
    const query = { service: "front", key: "any", follow: true } as const;
    const texts: string[] = [];
    for await (const { text } of local.api.logs(query, { signal })) {
      texts.push(text);
      if (text === `${process.getuid?.()} ran`) break;
    }
    assert.ok(texts.length > 0);
    await local.api.deleteVariant("front", "any");
  });

  test("no command line holds a secret", async () => {
    const lines = execFileSync("ps", ["-A", "-ww", "-o", "args="], { encoding: "utf8" });
    assert.ok(lines.includes("node app.cjs"), "command lines are listed");
    const { password } = await ask(local.run.edge ?? "", { host: "localhost" });
    for (const secret of [local.run.token, password, ...Object.values(secretOf)])
      assert.ok(!lines.includes(secret), secret);
  });

  test("the mesh and the services answer whoever reaches the loopback, for any host", async () => {
    const { mesh, service } = await addresses();
    for (const url of [mesh, service]) {
      const { env, headers } = await ask(url, { host: "evil.example" });
      assert.deepEqual([env["COCKTAIL_SERVICE"], headers["host"]], ["back", "evil.example"], url);
    }
  });

  test("nothing listens on an address that other machines reach", async (t) => {
    const outside = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .find(({ family, internal }) => family === "IPv4" && !internal);
    if (outside === undefined) return t.skip("this machine has no address but its loopback");
    const open = { ...(await addresses()), api: local.run.api ?? "" };
    for (const [name, url] of Object.entries(open)) {
      const { port } = new URL(url);
      assert.equal(await connects("127.0.0.1", port), true, `${name} ${url}`);
      assert.equal(await connects(outside.address, port), false, `${name} ${url}`);
    }
  });
});

function connects(host: string, port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
