import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ask,
  echo,
  echoed,
  gate,
  getRequest,
  openWorld,
  RawClient,
  rawExchange,
  serve,
  serveRaw,
  tableOf,
  valuesOf,
} from "../test/world.ts";

describe("forwarding over HTTP/1.1", { concurrency: 4 }, () => {
  it("passes method, path, query, body and end-to-end headers on, in order and case", async (t) => {
    const variant = await serve(t, echo("stable"));
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const headers = ["X-Case", "Kept", "x-twice", "1", "X-Twice", "2", "Content-Length", "3"];
    const answer = await ask(edge.port, {
      method: "PATCH",
      path: "/a//b?c=%20d",
      headers,
      body: "xyz",
    });
    const { method, url, body, rawHeaders } = echoed(answer);
    assert.deepEqual({ method, url, body }, { method: "PATCH", url: "/a//b?c=%20d", body: "xyz" });
    assert.deepEqual(valuesOf(rawHeaders, "x-twice"), ["1", "2"]);
    assert.ok(rawHeaders.includes("X-Case"));
  });

  it("passes status, reason, headers in order and case, and repeated headers back", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => {
        socket.write(
          "HTTP/1.1 299 Quite Fine\r\nX-Case: Kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok",
        );
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const answer = await rawExchange(t, edge.port, getRequest("/", "Connection: close\r\n"));
    assert.match(
      answer,
      /^HTTP\/1\.1 299 Quite Fine\r\nX-Case: Kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n/,
    );
    assert.match(answer, /x-route-served: storefront:stable\r\n/);
    assert.ok(answer.endsWith("\r\n\r\nok"));
  });

  it("passes bodies of every size and every byte", async (t) => {
    const variant = await serve(t, (req, res) => {
      const length = Number(req.url?.slice(1));
      res.writeHead(200, { "content-length": length });
      res.end(Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 255)));
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table);
    for (const length of [0, 1, 255, 4095, 4096, 4097, 70_000]) {
      const headers = "Connection: close\r\n";
      const answer = await rawExchange(t, edge.port, getRequest(`/${length}`, headers));
      const body = Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1");
      const whole = Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 255));
      assert.ok(body.equals(whole), `${length} bytes`);
    }
  });

  it("drops hop-by-hop headers both ways, and what Connection names", async (t) => {
    const variant = await serve(t, (req, res) => {
      res.writeHead(200, [
        "Connection",
        "X-Private",
        "X-Private",
        "1",
        "Proxy-Connection",
        "x",
        "X-Public",
        "1",
      ]);
      res.end(JSON.stringify({ rawHeaders: req.rawHeaders }));
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const headers = [
      "Connection",
      "keep-alive, X-Hop",
      "X-Hop",
      "1",
      "Keep-Alive",
      "9",
      "TE",
      "gzip",
      "Proxy-Connection",
      "x",
      "X-End",
      "1",
    ];
    const answer = await ask(edge.port, { headers });
    const sent = echoed(answer).rawHeaders.map((text) => text.toLowerCase());
    for (const name of ["x-hop", "proxy-connection", "te"]) assert.ok(!sent.includes(name), name);
    assert.ok(!sent.includes("9"));
    assert.ok(sent.includes("x-end"));
    assert.equal(answer.headers["x-private"], undefined);
    assert.equal(answer.headers["proxy-connection"], undefined);
    assert.equal(answer.headers["x-public"], "1");
  });

  it("never treats the route, Host, length or credentials as hop-by-hop", async (t) => {
    const variant = await serve(t, echo("branch"));
    const table = tableOf({
      variants: { "storefront:stable": "http://127.0.0.1:9", "storefront:mp-101": variant.url },
    });
    const { edge } = await openWorld(t, table);
    const named = [
      "x-service-route",
      "host",
      "content-length",
      "traceparent",
      "authorization",
      "cookie",
    ];
    const answer = await ask(edge.port, {
      method: "POST",
      body: "abc",
      headers: [
        "Connection",
        named.join(", "),
        "x-service-route",
        "storefront:mp-101",
        "traceparent",
        "00-1",
        "authorization",
        "Bearer x",
        "cookie",
        "a=b",
        "content-length",
        "3",
      ],
    });
    const { rawHeaders, body } = echoed(answer);
    for (const name of named) assert.equal(valuesOf(rawHeaders, name).length, 1, name);
    assert.equal(body, "abc");
  });

  it("keeps the connection to a variant, for HEAD too", async (t) => {
    let connections = 0;
    const variant = await serve(t, (_req, res) => res.end("x"));
    variant.on("connection", () => connections++);
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    for (let at = 0; at < 5; at++) {
      const answer = await ask(edge.port, { method: "HEAD" });
      assert.deepEqual([answer.status, answer.body], [200, ""]);
      assert.equal((await ask(edge.port)).body, "x");
    }
    assert.ok(connections <= 2, `${connections} connections for ten requests in a row`);
  });

  it("keeps a client's connection, and answers pipelined requests in order", async (t) => {
    const slow = gate();
    const variant = await serve(t, async (req, res) => {
      if (req.url === "/1") await slow.promise;
      res.end(`answer ${req.url}`);
      if (req.url === "/3") slow.open();
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const bytes = getRequest("/1") + getRequest("/2") + getRequest("/3", "Connection: close\r\n");
    const answer = await rawExchange(t, edge.port, bytes);
    assert.deepEqual([...answer.matchAll(/answer \/\d/g)].map(String), [
      "answer /1",
      "answer /2",
      "answer /3",
    ]);
  });

  it("forwards the head of a response before its body arrives", async (t) => {
    const more = gate();
    const variant = await serve(t, async (_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.flushHeaders();
      await more.promise;
      res.end("data: 1\n\n");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(getRequest("/", "Connection: close\r\n"));
    await client.until("text/event-stream");
    assert.doesNotMatch(client.received, /data: 1/);
    more.open();
    assert.match(await client.whole(), /data: 1/);
  });

  it("passes informational answers on before the answer", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.writeEarlyHints({ link: "</style.css>; rel=preload" });
      res.end("late");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const answer = await rawExchange(t, edge.port, getRequest("/", "Connection: close\r\n"));
    assert.match(
      answer,
      /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/style\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/i,
    );
  });

  it("sends 100 Continue, and does not forward Expect", async (t) => {
    const variant = await serve(t, echo("stable"));
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(
      "POST / HTTP/1.1\r\nHost: storefront.localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
    );
    await client.until("100 Continue");
    client.send("hi");
    const answer = await client.whole();
    assert.match(answer, /"body":"hi"/);
    assert.doesNotMatch(answer, /expect/i);
  });

  it("passes the trailers of an answer on", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.writeHead(200, { trailer: "x-sum" });
      res.write("body");
      res.addTrailers({ "x-sum": "42" });
      res.end();
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const answer = await ask(edge.port);
    assert.equal(answer.body, "body");
    assert.equal(answer.trailers["x-sum"], "42");
  });

  it("answers HTTP/1.0 without chunks, and closes the connection", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.write("a");
      res.end("b");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const answer = await rawExchange(
      t,
      edge.port,
      "GET / HTTP/1.0\r\nHost: storefront.localhost\r\n\r\n",
    );
    assert.doesNotMatch(answer, /chunked/i);
    assert.ok(answer.endsWith("\r\n\r\nab"), answer);
  });

  it("sends paths below the path of a destination", async (t) => {
    const variant = await serve(t, echo("stable"));
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": `${variant.url}/base/` } }),
    );
    assert.equal(echoed(await ask(edge.port, { path: "/a?b" })).url, "/base/a?b");
  });
});
