import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fetch2, session } from "../test/http2-client.ts";
import { ask, openWorld, problemOf, rawExchange, serve, serveRaw, tableOf } from "../test/world.ts";

type Seen = readonly [status: number, code: string];
const fault: Seen = [502, "VariantProtocolError"];
const fault503: Seen = [503, "VariantUnavailable"];
const ok = "Content-Length: 2\r\n\r\nok";

/** What a variant answers, and what a client of either protocol makes of it. */
const answers: Readonly<Record<string, readonly [bytes: string, http1: Seen, http2: Seen]>> = {
  "another protocol": ["SSH-2.0-OpenSSH_9.2\r\n", fault, fault],
  "Content-Length and Transfer-Encoding": [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    fault,
    fault,
  ],
  "Transfer-Encoding and Content-Length": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    fault,
    fault,
  ],
  "Content-Length twice": [`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${ok}`, fault, fault],
  "an unsupported transfer coding": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    fault,
    fault,
  ],
  "bare LF": ["HTTP/1.1 200 OK\nContent-Length: 2\n\nok", fault, fault],
  "obs-fold": [`HTTP/1.1 200 OK\r\nX-A: 1\r\n b\r\n${ok}`, fault, fault],
  "NUL in a value": [`HTTP/1.1 200 OK\r\nX-A: a\0b\r\n${ok}`, fault, fault],
  "a space before the colon": [`HTTP/1.1 200 OK\r\nX-A : 1\r\n${ok}`, fault, fault],
  "100 without having been asked": [
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${ok}`,
    [200, "ok"],
    [200, "ok"],
  ],
  "100 twice, with headers": [
    `HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 200 OK\r\n${ok}`,
    [200, "ok"],
    [200, "ok"],
  ],
  "100 and nothing more": ["HTTP/1.1 100 Continue\r\n\r\n", fault503, fault503],
  "status 42": [`HTTP/1.1 042 No\r\n${ok}`, fault, fault],
  "status 1000": [`HTTP/1.1 1000 No\r\n${ok}`, fault, fault],
  "101 that was not requested": [
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: Upgrade\r\n\r\n",
    fault,
    fault,
  ],
  "status 999, which HTTP/2 does not allow": [`HTTP/1.1 999 No\r\n${ok}`, [999, "ok"], fault],
  "a reason phrase that is not text": [`HTTP/1.1 200 \xff\xfe\r\n${ok}`, [200, "ok"], [200, "ok"]],
  "repeated headers that Node rejects by default": [
    `HTTP/1.1 200 OK\r\nETag: a\r\nETag: b\r\nDate: c\r\nDate: d\r\n${ok}`,
    [200, "ok"],
    [200, "ok"],
  ],
  "headers of another hop": [
    `HTTP/1.1 200 OK\r\nHTTP2-Settings: a\r\nProxy-Connection: b\r\nTE: c\r\n${ok}`,
    [200, "ok"],
    [200, "ok"],
  ],
  "an informational answer with repeated headers that Node rejects by default": [
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nETag: a\r\nETag: b\r\n\r\nHTTP/1.1 200 OK\r\n${ok}`,
    [200, "ok"],
    [200, "ok"],
  ],
  "204 with a length": [
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    [204, ""],
    [204, ""],
  ],
};

function seen(answer: { readonly status: number; readonly body: string }): Seen {
  const problem = answer.body.startsWith("{");
  return [answer.status, problem ? problemOf(answer).code : answer.body];
}

describe("variants that answer", { concurrency: 4 }, () => {
  for (const [what, [bytes, http1, http2]] of Object.entries(answers)) {
    it(`${what} are understood, or answered 502`, async (t) => {
      const url = await serveRaw(t, (socket) => {
        socket.once("data", () => socket.end(bytes, "latin1"));
      });
      const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
      assert.deepEqual(seen(await ask(edge.port)), http1);
      assert.deepEqual(seen(await fetch2(session(t, edge.port), {})), http2);
    });
  }

  it("two answers to one request lose the second", async (t) => {
    let connections = 0;
    const first = `HTTP/1.1 200 OK\r\n${ok}`;
    const url = await serveRaw(t, (socket) => {
      const evil = ++connections === 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" : "";
      socket.on("data", () => socket.write(first + evil));
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    assert.equal((await ask(edge.port)).body, "ok");
    assert.equal((await ask(edge.port)).body, "ok");
  });

  it("204 with a length lose the length, because a client might wait for a body", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"));
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const answer = await rawExchange(
      t,
      edge.port,
      "GET / HTTP/1.1\r\nHost: storefront.localhost\r\nConnection: close\r\n\r\n",
    );
    assert.match(answer, /^HTTP\/1\.1 204 No\r\n/);
    assert.doesNotMatch(answer, /content-length/i);
  });

  it("with too large a head are answered 502", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.setHeader("x-large", "a".repeat(3000));
      res.end();
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { responseHeadBytes: 2000 } });
    assert.deepEqual(seen(await ask(edge.port)), fault);
  });
});
