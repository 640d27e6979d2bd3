import assert from "node:assert/strict";
import http from "node:http";
import { describe, it } from "node:test";
import {
  ask,
  echo,
  echoed,
  gate,
  openWorld,
  problemOf,
  RawClient,
  rawExchange,
  serve,
  serveRaw,
  stalled,
  tableOf,
  until,
  valuesOf,
} from "../test/world.ts";

const mib = 1 << 20;
const request = (path: string, headers = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: storefront.localhost\r\n${headers}\r\n`;

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
    const answer = await rawExchange(t, edge.port, request("/", "Connection: close\r\n"));
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
      const answer = await rawExchange(t, edge.port, request(`/${length}`, headers));
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

  it("never takes the route, Host, length or credentials for hop-by-hop", async (t) => {
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
    const bytes = request("/1") + request("/2") + request("/3", "Connection: close\r\n");
    const answer = await rawExchange(t, edge.port, bytes);
    assert.deepEqual([...answer.matchAll(/answer \/\d/g)].map(String), [
      "answer /1",
      "answer /2",
      "answer /3",
    ]);
  });

  it("sends the head of an answer on before its body comes", async (t) => {
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
    client.send(request("/", "Connection: close\r\n"));
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
    const answer = await rawExchange(t, edge.port, request("/", "Connection: close\r\n"));
    assert.match(
      answer,
      /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/style\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/i,
    );
  });

  it("says 100 Continue, and keeps Expect to itself", async (t) => {
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

  it("answers HTTP/1.0 without chunks, and ends the connection", async (t) => {
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

  it("holds a fast variant back when the client is slow, and loses nothing", async (t) => {
    const total = 64 * mib;
    let sent = 0;
    const variant = await serve(t, (_req, res) => {
      const chunk = Buffer.alloc(mib, 1);
      const more = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!res.write(chunk)) {
            res.once("drain", more);
            return;
          }
        }
        res.end();
      };
      more();
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const { req, res } = await new Promise<{ req: http.ClientRequest; res: http.IncomingMessage }>(
      (resolve) => {
        const req = http.get({
          port: edge.port,
          host: "127.0.0.1",
          headers: { host: "storefront.localhost" },
          agent: false,
        });
        req.on("response", (res) => resolve({ req, res }));
      },
    );
    t.after(() => req.destroy());
    res.pause();
    await stalled(() => sent, "the variant to be held back");
    assert.ok(sent < total / 2, `${sent} bytes left the variant although nobody read them`);
    let received = 0;
    for await (const chunk of res) received += (chunk as Buffer).length;
    assert.equal(received, total);
  });

  it("holds a fast client back when the variant is slow, and loses nothing", async (t) => {
    const total = 64 * mib;
    const read = gate();
    let received = 0;
    const variant = await serve(t, async (req, res) => {
      req.pause();
      await read.promise;
      for await (const chunk of req) received += (chunk as Buffer).length;
      res.end("done");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const req = http.request({
      port: edge.port,
      host: "127.0.0.1",
      method: "POST",
      agent: false,
      headers: { host: "storefront.localhost", "content-length": total },
    });
    const answered = new Promise<number>((resolve) =>
      req.on("response", (res) => resolve(res.statusCode ?? 0)),
    );
    const chunk = Buffer.alloc(mib);
    let sent = 0;
    const more = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!req.write(chunk)) return;
      }
      req.end();
    };
    req.on("drain", more);
    more();
    await stalled(() => sent, "the client to be held back");
    assert.ok(sent < total / 2, `${sent} bytes left the client although nobody read them`);
    read.open();
    assert.equal(await answered, 200);
    assert.equal(received, total);
  });

  it("ends the request at the variant when the client leaves before the answer", async (t) => {
    const arrived = gate();
    const left = gate();
    const variant = await serve(t, (req) => {
      req.on("close", () => left.open());
      arrived.open();
    });
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    client.send(request("/"));
    await arrived.promise;
    client.close();
    await left.promise;
    assert.equal(gateway.inFlight({ service: "storefront", key: "stable", incarnation: 1 }), 0);
  });

  it("ends the request at the variant when the client leaves in the middle of the answer", async (t) => {
    const left = gate();
    const variant = await serve(t, (_req, res) => {
      res.on("close", () => left.open());
      res.write("begin");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    client.send(request("/"));
    await client.until("begin");
    client.close();
    await left.promise;
  });

  it("ends the request at the variant when the client leaves in mid-upload", async (t) => {
    const left = gate<boolean>();
    const arrived = gate();
    const variant = await serve(t, (req) => {
      req.on("data", () => arrived.open());
      req.on("error", () => undefined);
      req.on("close", () => left.open(req.complete));
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    client.send("POST / HTTP/1.1\r\nHost: storefront.localhost\r\nContent-Length: 10\r\n\r\nabc");
    await arrived.promise;
    client.close();
    assert.equal(await left.promise, false);
  });

  it("cuts the client off when the variant is cut off in mid-answer", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        setImmediate(() => socket.destroy());
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    await assert.rejects(ask(edge.port), { code: "ECONNRESET" });
  });

  it("cuts the client off when a chunked answer is cut off", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        setImmediate(() => socket.destroy());
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const answer = await rawExchange(t, edge.port, request("/"));
    assert.match(answer, /4\r\nhalf\r\n$/);
  });

  it("gives the client an answer that comes before its upload has ended, and keeps the gateway going", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.writeHead(413, { connection: "close" });
      res.end("too much");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(
      "POST / HTTP/1.1\r\nHost: storefront.localhost\r\nContent-Length: 1000000\r\n\r\nabc",
    );
    await client.until("too much");
    assert.match(client.received, /^HTTP\/1\.1 413 /);
    client.send("x".repeat(999_997));
    client.send(request("/again"));
    await until(
      () => client.received.match(/too much/g)?.length === 2,
      "the second answer",
      () => client.received,
    );
  });

  it("sends an idempotent request once more when an idle connection ends under it", async (t) => {
    let connections = 0;
    const requests: string[] = [];
    const url = await serveRaw(t, (socket) => {
      const first = ++connections === 1;
      let answered = 0;
      socket.on("data", (chunk) => {
        requests.push(chunk.toString().slice(0, chunk.indexOf("\r\n")));
        // The first connection answers once, and ends when the second request arrives on it.
        if (first && answered++ > 0) socket.destroy();
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    assert.equal((await ask(edge.port, { path: "/1" })).body, "ok");
    assert.equal((await ask(edge.port, { path: "/2" })).body, "ok");
    assert.deepEqual(requests, ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /2 HTTP/1.1"]);
  });

  for (const method of ["POST", "DELETE", "PUT"]) {
    it(`never sends a ${method} twice`, async (t) => {
      let seen = 0;
      const url = await serveRaw(t, (socket) => {
        let answered = 0;
        socket.on("data", () => {
          if (answered++ > 0) {
            seen++;
            socket.destroy();
          } else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
      });
      const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
      await ask(edge.port);
      const answer = await ask(edge.port, { method });
      assert.deepEqual([answer.status, problemOf(answer).code], [503, "VariantUnavailable"]);
      assert.equal(seen, 1);
    });
  }

  it("sends a request once only when a new connection ends under it", async (t) => {
    let seen = 0;
    const url = await serveRaw(t, (socket) => {
      socket.on("data", () => {
        seen++;
        socket.destroy();
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    assert.equal((await ask(edge.port)).status, 503);
    assert.equal(seen, 1);
  });

  it("answers 502 to what is not HTTP", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const answer = await ask(edge.port);
    assert.deepEqual([answer.status, problemOf(answer).code], [502, "VariantProtocolError"]);
  });

  it("answers 502 to a head that is too large", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.setHeader("x-large", "a".repeat(3000));
      res.end();
    });
    const limits = { responseHeadBytes: 2000 };
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
      { limits },
    );
    assert.deepEqual(problemOf(await ask(edge.port)).code, "VariantProtocolError");
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
