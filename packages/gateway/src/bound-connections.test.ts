import assert from "node:assert/strict";
import http from "node:http";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import { type Answer, ask, openWorld, serve, tableOf } from "../test/world.ts";

// NTLM and Negotiate authenticate a connection (RFC 4559): what a variant holds for a client never serves another one.

interface Variant {
  readonly url: string;
  readonly open: () => number;
}

/** Takes whoever logs in on a connection for its user, and answers every request on it with that. */
async function variant(t: TestContext): Promise<Variant> {
  const users = new WeakMap<Socket, string>();
  const sockets = new Set<Socket>();
  const server = await serve(t, (req, res) => {
    const [scheme, name] = (req.headers.authorization ?? "").split(" ");
    if (name !== undefined && scheme !== "Basic") users.set(req.socket, name);
    const user = users.get(req.socket);
    if (user === undefined) res.writeHead(401, { "www-authenticate": "NTLM" });
    res.end(user ?? "nobody");
  });
  // Only the gateway ends a connection.
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return { url: server.url, open: () => sockets.size };
}

function browser(t: TestContext, port: number): (authorization?: string) => Promise<Answer> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return (authorization) =>
    ask(port, { agent, headers: authorization === undefined ? {} : { authorization } });
}

describe("a client that authenticates its connection", () => {
  for (const scheme of ["NTLM", "Negotiate", "negotiate"]) {
    it(`keeps its identity, and no other client gets it: ${scheme}`, async (t) => {
      const { url } = await variant(t);
      const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
      const [alice, bob, eve] = [0, 1, 2].map(() => browser(t, edge.port));
      assert.ok(alice && bob && eve);
      assert.equal((await alice()).status, 401);
      assert.equal((await alice(`${scheme} alice`)).body, "alice");
      assert.equal((await bob(`${scheme} bob`)).body, "bob");
      for (let round = 0; round < 5; round++) {
        const all: readonly Answer[] = await Promise.all([alice(), bob(), eve()]);
        assert.deepEqual(
          all.map(({ body }) => body),
          ["alice", "bob", "nobody"],
        );
      }
    });
  }

  it("shares connections with the others under schemes that authenticate a request", async (t) => {
    const { url, open } = await variant(t);
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    for (const scheme of ["Basic", "Bearer", "NTLMish"]) {
      const client = browser(t, edge.port);
      await client(`${scheme} x`);
    }
    assert.equal(open(), 1);
  });

  it("gives its connection to the variant up when it leaves", async (t) => {
    const { url, open } = await variant(t);
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    await ask(edge.port, { headers: { authorization: "NTLM alice" } });
    await until("the connection to the variant to be closed", () => open() === 0);
  });
});
