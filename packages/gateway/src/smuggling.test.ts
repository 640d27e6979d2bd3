import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { ask, echo, openWorld, rawExchange, serve, tableOf } from "../test/world.ts";

interface Counted {
  readonly port: number;
  readonly seen: string[];
}

/** An edge whose variant notes what reaches it. */
async function counted(t: TestContext): Promise<Counted> {
  const seen: string[] = [];
  const variant = await serve(t, (req, res) => {
    seen.push(`${req.method} ${req.url}`);
    echo("stable")(req, res);
  });
  const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": variant.url } }));
  return { port: edge.port, seen };
}

const host = "Host: storefront.localhost\r\n";
const post = (headers: string, body: string): string =>
  `POST / HTTP/1.1\r\n${host}${headers}\r\n${body}`;
const get = (line: string, headers = host): string => `${line}\r\n${headers}\r\n`;
const chunked = "Transfer-Encoding: chunked\r\n";
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n";

/** Every shape is refused, and nothing of it reaches a variant. */
const refused: Readonly<Record<string, readonly [bytes: string, status: number]>> = {
  "Content-Length and Transfer-Encoding": [
    post(`Content-Length: 4\r\n${chunked}`, `0\r\n\r\n${smuggled}`),
    400,
  ],
  "Transfer-Encoding and Content-Length": [
    post(`${chunked}Content-Length: 4\r\n`, `0\r\n\r\n${smuggled}`),
    400,
  ],
  "Content-Length twice, equal": [post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), 400],
  "Content-Length twice, different": [
    post("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"),
    400,
  ],
  "Content-Length as a list": [post("Content-Length: 2, 2\r\n", "ab"), 400],
  "Content-Length with a sign": [post("Content-Length: +2\r\n", "ab"), 400],
  "Content-Length negative": [post("Content-Length: -1\r\n", ""), 400],
  "Content-Length hexadecimal": [post("Content-Length: 0x2\r\n", "ab"), 400],
  "Content-Length empty": [post("Content-Length:\r\n", ""), 400],
  "Content-Length beyond 64 bits": [post("Content-Length: 18446744073709551618\r\n", "ab"), 400],
  "Transfer-Encoding xchunked": [post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400],
  "Transfer-Encoding identity": [post("Transfer-Encoding: identity\r\n", ""), 400],
  "Transfer-Encoding chunked, identity": [
    post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
    400,
  ],
  "Transfer-Encoding gzip, chunked": [
    post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    400,
  ],
  "Transfer-Encoding twice": [post(`${chunked}${chunked}`, "0\r\n\r\n"), 400],
  "Transfer-Encoding empty": [post("Transfer-Encoding:\r\n", "0\r\n\r\n"), 400],
  "Transfer-Encoding after a vertical tab": [
    post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"),
    400,
  ],
  "Transfer-Encoding on HTTP/1.0": [`POST / HTTP/1.0\r\n${host}${chunked}\r\n0\r\n\r\n`, 400],
  "obs-fold with a space": [get("GET / HTTP/1.1", `${host}X-A: 1\r\n b\r\n`), 400],
  "obs-fold with a tab": [get("GET / HTTP/1.1", `${host}X-A: 1\r\n\tb\r\n`), 400],
  "a space before the colon": [get("GET / HTTP/1.1", `${host}X-A : 1\r\n`), 400],
  "a space in a name": [get("GET / HTTP/1.1", `${host}X A: 1\r\n`), 400],
  "an empty name": [get("GET / HTTP/1.1", `${host}: 1\r\n`), 400],
  "a line without a colon": [get("GET / HTTP/1.1", `${host}nothing\r\n`), 400],
  "bare LF on every line": ["GET / HTTP/1.1\nHost: storefront.localhost\n\n", 400],
  "bare LF on one line": [`GET / HTTP/1.1\r\n${host}X-A: 1\nX-B: 2\r\n\r\n`, 400],
  "bare LF at the end": [`GET / HTTP/1.1\r\n${host}\n`, 400],
  "bare CR": [`GET / HTTP/1.1\r\n${host}X-A: 1\rX-B: 2\r\n\r\n`, 400],
  "NUL in a value": [get("GET / HTTP/1.1", `${host}X-A: a\0b\r\n`), 400],
  "NUL in a name": [get("GET / HTTP/1.1", `${host}X-\0A: b\r\n`), 400],
  "NUL in the target": [get("GET /\0 HTTP/1.1"), 400],
  "DEL in a value": [get("GET / HTTP/1.1", `${host}X-A: a\x7fb\r\n`), 400],
  "0x01 in a value": [get("GET / HTTP/1.1", `${host}X-A: a\x01b\r\n`), 400],
  "no Host": [get("GET / HTTP/1.1", "X-A: 1\r\n"), 400],
  "Host twice, equal": [get("GET / HTTP/1.1", `${host}${host}`), 400],
  "Host twice, different": [get("GET / HTTP/1.1", `${host}Host: cart.localhost\r\n`), 400],
  "an unknown Expect": [get("GET / HTTP/1.1", `${host}Expect: 200-ok\r\n`), 417],
  "no Host in HTTP/1.0": ["GET / HTTP/1.0\r\n\r\n", 400],
  "Host empty": [get("GET / HTTP/1.1", "Host:\r\n"), 400],
  "Host as a list": [get("GET / HTTP/1.1", "Host: storefront.localhost, cart.localhost\r\n"), 400],
  "Host with a path": [
    get("GET / HTTP/1.1", "Host: storefront.localhost/a@cart.localhost\r\n"),
    400,
  ],
  "HTTP/0.9": ["GET /\r\n\r\n", 400],
  "HTTP/2.0 in the request line": [get("GET / HTTP/2.0"), 400],
  "HTTP/1.2": [get("GET / HTTP/1.2"), 400],
  "an unknown method": [get("BREW / HTTP/1.1"), 501],
  "a lower-case method": [get("get / HTTP/1.1"), 501],
  "a target without a slash": [get("GET a HTTP/1.1"), 400],
  "a target with a fragment": [get("GET /a#b HTTP/1.1"), 400],
  "GET *": [get("GET * HTTP/1.1"), 400],
  "a URL whose host is another": [get("GET http://cart.localhost/ HTTP/1.1"), 400],
  "a URL with user information": [
    get("GET http://storefront.localhost@cart.localhost/ HTTP/1.1"),
    400,
  ],
  "a tab in the request line": [get("GET\t/ HTTP/1.1"), 400],
  CONNECT: [
    "CONNECT storefront.localhost:80 HTTP/1.1\r\nHost: storefront.localhost:80\r\n\r\n",
    405,
  ],
};

/** Faults behind a good head: the variant may have seen the beginning, never a second request, and the client a 400. */
const brokenBodies: Readonly<Record<string, string>> = {
  "a chunk size with a space": "1 \r\na\r\n0\r\n\r\n",
  "a chunk size with 0x": "0x1\r\na\r\n0\r\n\r\n",
  "a chunk size with a sign": "+1\r\na\r\n0\r\n\r\n",
  "a negative chunk size": "-1\r\na\r\n0\r\n\r\n",
  "no chunk size": "\r\na\r\n0\r\n\r\n",
  "a chunk size of 17 digits": "00000000000000001\r\na\r\n0\r\n\r\n".replace("0", "1"),
  "LF after the chunk size": "1\na\r\n0\r\n\r\n",
  "data longer than the chunk": `1\r\nab\r\n0\r\n\r\n${smuggled}`,
  "LF in a chunk extension": "1;a\nb\r\na\r\n0\r\n\r\n",
  "a chunk extension of 20 KiB": `1;${"a".repeat(20_480)}\r\na\r\n0\r\n\r\n`,
  "Content-Length among the trailers": `1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n${smuggled}`,
};

describe("request smuggling", { concurrency: 8 }, () => {
  for (const [shape, [bytes, status]] of Object.entries(refused)) {
    it(`refuses ${shape}`, async (t) => {
      const { port, seen } = await counted(t);
      // A kept connection to the variant takes at once what should not have been sent.
      await ask(port, { path: "/before" });
      const answer = await rawExchange(t, port, bytes + smuggled);
      await ask(port, { path: "/after" });
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(answer, /application\/problem\+json/);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, answer);
      assert.deepEqual(seen, ["GET /before", "GET /after"]);
    });
  }

  for (const [shape, body] of Object.entries(brokenBodies)) {
    it(`ends a body with ${shape}`, async (t) => {
      const { port, seen } = await counted(t);
      const answer = await rawExchange(t, port, post(chunked, body + smuggled));
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, answer);
      assert.ok(!seen.includes("GET /smuggled"), seen.join(", "));
    });
  }

  it("answers the valid requests before a malformed one, then the malformed one, and closes", async (t) => {
    const { port, seen } = await counted(t);
    const good = get("GET /good HTTP/1.1");
    const answer = await rawExchange(t, port, `${good}${good}BAD\r\n\r\n${smuggled}`);
    assert.deepEqual(
      [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
      ["200", "200", "400"],
    );
    assert.deepEqual(seen, ["GET /good", "GET /good"]);
  });

  it("accepts chunk extensions and leading zeros, and reframes the body", async (t) => {
    const { port } = await counted(t);
    const close = `${chunked}Connection: close\r\n`;
    const answer = await rawExchange(
      t,
      port,
      post(close, "00000001;a=b\r\nx\r\n2\r\nyz\r\n0\r\nX-T: 1\r\n\r\n"),
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /"body":"xyz"/);
    assert.doesNotMatch(answer, /a=b/);
  });

  it("takes chunked in any case (RFC 9112 7)", async (t) => {
    const { port } = await counted(t);
    const head = "Transfer-Encoding: Chunked\r\nConnection: close\r\n";
    const answer = await rawExchange(t, port, post(head, "3\r\nxyz\r\n0\r\n\r\n"));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /"body":"xyz"/);
  });

  it("forwards bytes above 0x7f in a value unchanged", async (t) => {
    const { port } = await counted(t);
    const answer = await rawExchange(
      t,
      port,
      get("GET / HTTP/1.1", `${host}X-A: \xe4\xff\r\nConnection: close\r\n`),
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(answer.includes(Buffer.from('"X-A","\u00e4\u00ff"').toString("latin1")), answer);
  });

  it("accepts a URL whose host equals Host, and forwards its path", async (t) => {
    const { port, seen } = await counted(t);
    const bytes = get(
      "GET http://Storefront.localhost/a?b HTTP/1.1",
      `${host}Connection: close\r\n`,
    );
    assert.match(await rawExchange(t, port, bytes), /^HTTP\/1\.1 200 /);
    assert.deepEqual(seen, ["GET /a?b"]);
  });

  it("reads a target that starts with // as a path", async (t) => {
    const { port, seen } = await counted(t);
    const bytes = get("GET //evil.example/p HTTP/1.1", `${host}Connection: close\r\n`);
    assert.match(await rawExchange(t, port, bytes), /^HTTP\/1\.1 200 /);
    assert.deepEqual(seen, ["GET //evil.example/p"]);
  });

  it("answers OPTIONS * itself", async (t) => {
    const { port, seen } = await counted(t);
    const answer = await rawExchange(
      t,
      port,
      get("OPTIONS * HTTP/1.1", `${host}Connection: close\r\n`),
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /allow: GET/i);
    assert.deepEqual(seen, []);
  });

  const behind: Readonly<Record<string, readonly [bytes: string, status: string]>> = {
    CONNECT: [
      "CONNECT storefront.localhost:80 HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n",
      "405",
    ],
    "a bad request": ["BAD\r\n\r\n", "400"],
    "an upgrade, which is then ignored": [
      get("GET /upgrade HTTP/1.1", `${host}Connection: close, Upgrade\r\nUpgrade: websocket\r\n`),
      "200",
    ],
  };
  for (const [what, [bytes, status]] of Object.entries(behind)) {
    it(`answers ${what} only after all pending responses, the gateway's own included`, async (t) => {
      const { port } = await counted(t);
      const page = get("GET /.well-known/cocktail/nothing HTTP/1.1");
      const slow = get("GET /slow HTTP/1.1");
      const statuses = async (owed: string): Promise<readonly (string | undefined)[]> => {
        const answer = await rawExchange(t, port, owed + bytes);
        return [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code);
      };
      assert.deepEqual(await statuses(page + slow + page), ["404", "200", "404", status]);
      assert.deepEqual(await statuses(page + page), ["404", "404", status]);
    });
  }

  it("opens no tunnel for h2c, also in a list of protocols", async (t) => {
    const variant = await serve(t, echo("stable"));
    variant.on("upgrade", (_req, socket) =>
      socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    );
    const variants = { "storefront:stable": variant.url };
    const { edge } = await openWorld(t, tableOf({ variants }));
    for (const upgrade of ["websocket, h2c", "H2C ,websocket"]) {
      const headers = `${host}Connection: close, Upgrade\r\nUpgrade: ${upgrade}\r\n`;
      const answer = await rawExchange(t, edge.port, get("GET / HTTP/1.1", headers));
      assert.match(answer, /^HTTP\/1\.1 200 /);
    }
  });
});
