import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import http2, { type ClientHttp2Session } from "node:http2";
import { describe, it, type TestContext } from "node:test";
import {
  ask,
  echo,
  echoed,
  gate,
  openWorld,
  portOf,
  problemOf,
  serve,
  stalled,
  tableOf,
  until,
  valuesOf,
} from "../test/world.ts";

function session(t: TestContext, port: number): ClientHttp2Session {
  const client = http2.connect(`http://127.0.0.1:${port}`);
  client.on("error", () => undefined);
  t.after(() => client.destroy());
  return client;
}

interface StreamAnswer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly reset: number;
}

function fetch2(
  client: ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders | readonly string[],
  body?: string,
): Promise<StreamAnswer> {
  return new Promise((resolve) => {
    const flat = Array.isArray(headers)
      ? headers
      : {
          ":authority": "storefront.localhost",
          ":path": "/",
          ...(headers as http2.OutgoingHttpHeaders),
        };
    const stream = client.request(flat as http2.OutgoingHttpHeaders, {
      endStream: body === undefined,
    });
    let got: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    let text = "";
    stream.on("response", (response) => (got = response));
    stream.on("trailers", (last: http2.IncomingHttpHeaders) => (trailers = last));
    stream.on("data", (chunk) => (text += String(chunk)));
    stream.on("error", () => undefined);
    stream.on("close", () => {
      resolve({
        status: Number(got[":status"] ?? 0),
        headers: got,
        trailers,
        body: text,
        reset: stream.rstCode ?? 0,
      });
    });
    if (body !== undefined) stream.end(body);
  });
}

describe("HTTP/2 clients", { concurrency: 4 }, () => {
  it("reach HTTP/1.1 variants: authority is Host, cookies are one line, trailers come back", async (t) => {
    const variant = await serve(t, (req, res) => {
      res.writeHead(200, { "x-twice": ["1", "2"], trailer: "x-sum" });
      res.write(JSON.stringify({ name: "v", method: req.method, rawHeaders: req.rawHeaders }));
      res.addTrailers({ "x-sum": "42" });
      res.end();
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const answer = await fetch2(session(t, edge.port), {
      cookie: ["a=b", "c=d"],
      "x-own": "1",
      te: "trailers",
    });
    assert.equal(answer.status, 200);
    const { rawHeaders } = echoed(answer);
    assert.deepEqual(valuesOf(rawHeaders, "host"), ["storefront.localhost"]);
    assert.deepEqual(valuesOf(rawHeaders, "cookie"), ["a=b; c=d"]);
    assert.deepEqual(valuesOf(rawHeaders, "te"), ["trailers"]);
    assert.equal(answer.headers["x-twice"], "1, 2");
    assert.equal(answer.headers["x-route-served"], "storefront:stable");
    assert.equal(answer.headers["connection"], undefined);
    assert.equal(answer.trailers["x-sum"], "42");
  });

  it("upload to HTTP/1.1 variants, many at once", async (t) => {
    const variant = await serve(t, echo("stable"));
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = session(t, edge.port);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => fetch2(client, { ":method": "POST" }, `body ${at}`)),
    );
    answers.forEach((answer, at) => assert.equal(echoed(answer).body, `body ${at}`));
  });

  it("are refused what is contradictory, and get problems", async (t) => {
    const variant = await serve(t, echo("stable"));
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = session(t, edge.port);
    const differ = await fetch2(client, [
      ":method",
      "GET",
      ":scheme",
      "http",
      ":path",
      "/",
      ":authority",
      "storefront.localhost",
      "host",
      "cart.localhost",
    ]);
    assert.deepEqual([differ.status, problemOf(differ).code], [400, "MalformedRequest"]);
    assert.equal((await fetch2(client, { ":authority": "example.com" })).status, 421);
    assert.notEqual((await fetch2(client, { ":path": "*" })).reset, 0);
    assert.equal((await fetch2(client, { ":method": "OPTIONS", ":path": "*" })).status, 200);
    assert.equal((await fetch2(client, { ":path": "/a#b" })).status, 400);
    const strict = await fetch2(client, {
      "x-route-mode": "strict",
      "x-service-route": "storefront:gone",
    });
    assert.deepEqual(
      [strict.status, strict.headers["content-type"]],
      [424, "application/problem+json"],
    );
  });

  it("see a reset when the variant is cut off in mid-answer", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.write("half");
      setImmediate(() => res.destroy());
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const answer = await fetch2(session(t, edge.port), {});
    assert.notEqual(answer.reset, 0);
  });

  it("end the request at the variant when they reset theirs, in mid-upload too", async (t) => {
    for (const endStream of [true, false]) {
      const arrived = gate();
      const left = gate();
      const variant = await serve(t, (req) => {
        req.on("error", () => undefined);
        req.on("close", () => left.open());
        arrived.open();
      });
      const { edge, gateway } = await openWorld(
        t,
        tableOf({ variants: { "storefront:stable": variant.url } }),
      );
      const client = session(t, edge.port);
      const headers = { ":method": "POST", ":path": "/", ":authority": "storefront.localhost" };
      const stream = client.request(headers, { endStream });
      stream.on("error", () => undefined);
      if (!endStream) stream.write("begin");
      await arrived.promise;
      stream.close(8);
      await left.promise;
      assert.equal(gateway.inFlight({ service: "storefront", key: "stable", incarnation: 1 }), 0);
    }
  });

  it("end the request at the variant also when it had stopped reading", async (t) => {
    const arrived = gate<IncomingMessage>();
    const variant = await serve(t, (req) => {
      req.on("error", () => undefined);
      arrived.open(req);
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge, gateway } = await openWorld(t, table);
    const headers = { ":method": "POST", ":path": "/", ":authority": "storefront.localhost" };
    const stream = session(t, edge.port).request(headers);
    stream.on("error", () => undefined);
    let taken = 0;
    const more = (): void => {
      stream.write(Buffer.alloc(1 << 18), (error) => {
        if (error !== null && error !== undefined) return;
        taken++;
        more();
      });
    };
    more();
    const req = await arrived.promise;
    await stalled(() => taken, "the client to be held back");
    stream.close(8);
    const stable = { service: "storefront", key: "stable", incarnation: 1 };
    await until(() => gateway.inFlight(stable) === 0, "the request to be ended");
    const closed = new Promise((resolve) => req.on("close", resolve));
    req.resume();
    await closed;
    assert.equal(req.complete, false);
  });

  it("are limited in the body, and in idle uploads", async (t) => {
    const variant = await serve(t, echo("stable"));
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { bodyBytes: 10, bodyIdleMs: 60 } });
    const client = session(t, edge.port);
    assert.equal((await fetch2(client, { ":method": "POST" }, "a".repeat(11))).status, 413);
    const slow = client.request({
      ":method": "POST",
      ":path": "/",
      ":authority": "storefront.localhost",
    });
    slow.write("a");
    const status = await new Promise((resolve) =>
      slow.on("response", (got) => resolve(got[":status"])),
    );
    assert.equal(status, 408);
    slow.destroy();
  });

  it("are held back and hold back", async (t) => {
    const total = 32 << 20;
    let sent = 0;
    const variant = await serve(t, (_req, res) => {
      const chunk = Buffer.alloc(1 << 20);
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
    const stream = session(t, edge.port).request({
      ":path": "/",
      ":authority": "storefront.localhost",
    });
    await stalled(() => sent, "the variant to be held back");
    assert.ok(sent < total / 2, `${sent}`);
    let received = 0;
    for await (const chunk of stream) received += (chunk as Buffer).length;
    assert.equal(received, total);
  });
});

describe("h2c variants", { concurrency: 4 }, () => {
  const h2cSettings = {
    domain: "localhost",
    services: { storefront: { entry: true, protocol: "h2c" as const } },
  };

  async function h2cVariant(t: TestContext): Promise<string> {
    const server = http2.createServer();
    const sessions = new Set<http2.ServerHttp2Session>();
    server.on("session", (opened) => sessions.add(opened));
    server.on("stream", (stream, headers, _flags, raw) => {
      stream.on("error", () => undefined);
      let body = "";
      let trailer = "";
      stream.on("trailers", (trailers) => (trailer = String(trailers["x-up"])));
      stream.on("data", (chunk) => (body += String(chunk)));
      stream.on("end", () => {
        stream.additionalHeaders({ ":status": 103, link: "</a.css>" });
        stream.respond({ ":status": 200, "x-kind": "h2c" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
        stream.end(
          JSON.stringify({
            name: "h2c",
            method: headers[":method"],
            url: headers[":path"],
            rawHeaders: raw,
            body,
            trailer,
          }),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      for (const opened of sessions) opened.destroy();
      server.close();
    });
    return `http://127.0.0.1:${portOf(server)}`;
  }

  it("answer HTTP/1.1 clients, with bodies and trailers", async (t) => {
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": await h2cVariant(t) } }),
      { settings: h2cSettings },
    );
    const answer = await ask(edge.port, {
      method: "POST",
      path: "/a?b",
      body: "xyz",
      headers: { connection: "keep-alive", "x-own": "1" },
    });
    const { url, body, rawHeaders } = echoed(answer);
    assert.deepEqual([answer.status, url, body], [200, "/a?b", "xyz"]);
    assert.deepEqual(valuesOf(rawHeaders, ":authority"), ["storefront.localhost"]);
    assert.deepEqual(valuesOf(rawHeaders, "host"), []);
    assert.equal(answer.headers["x-kind"], "h2c");
    assert.equal(answer.headers["x-route-served"], "storefront:stable");
    assert.equal(answer.trailers["x-sum"], "42");
    assert.equal((await ask(edge.port, { method: "HEAD" })).status, 200);
  });

  it("answer HTTP/2 clients, with trailers both ways", async (t) => {
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": await h2cVariant(t) } }),
      { settings: h2cSettings },
    );
    const client = session(t, edge.port);
    const stream = client.request(
      { ":method": "POST", ":path": "/", ":authority": "storefront.localhost", trailer: "x-up" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-up": "yes" }));
    stream.end("abc");
    let text = "";
    let trailers: http2.IncomingHttpHeaders = {};
    const hints: unknown[] = [];
    stream.on("headers", (headers) => hints.push(headers[":status"]));
    stream.on("trailers", (got: http2.IncomingHttpHeaders) => (trailers = got));
    stream.on("data", (chunk) => (text += String(chunk)));
    await new Promise((resolve) => stream.on("close", resolve));
    const seen = JSON.parse(text) as { body: string; trailer: string };
    assert.deepEqual(
      [seen.body, seen.trailer, trailers["x-sum"], hints],
      ["abc", "yes", "42", [103]],
    );
  });

  it("are named when they refuse connections, do not speak HTTP/2, or do not answer", async (t) => {
    const http1 = await serve(t, echo("http1"));
    const silent = http2.createServer();
    const opened = new Set<http2.ServerHttp2Session>();
    silent.on("session", (at) => opened.add(at));
    silent.on("stream", () => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      for (const at of opened) at.destroy();
      silent.close();
    });
    const variants = {
      "storefront:stable": "http://127.0.0.1:9",
      "storefront:http1": http1.url,
      "storefront:silent": `http://127.0.0.1:${portOf(silent)}`,
    };
    const { edge } = await openWorld(t, tableOf({ variants }), {
      settings: h2cSettings,
      limits: { responseHeadMs: 80 },
    });
    const by = async (key: string): Promise<readonly [number, string]> => {
      const answer = await ask(edge.port, { headers: { "x-service-route": `storefront:${key}` } });
      return [answer.status, problemOf(answer).code];
    };
    assert.deepEqual(await by("stable"), [503, "VariantUnavailable"]);
    assert.deepEqual(await by("silent"), [504, "VariantTimeout"]);
    assert.deepEqual(await by("http1"), [502, "VariantProtocolError"]);
  });
});
