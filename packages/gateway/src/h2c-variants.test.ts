import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import { fetch2, session } from "../test/http2-client.ts";
import {
  ask,
  echo,
  echoed,
  openWorld,
  portOf,
  problemOf,
  RawClient,
  serve,
  tableOf,
  valuesOf,
} from "../test/world.ts";

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

  it("reset a stream with an error code, which is forwarded", async (t) => {
    const server = http2.createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM));
      stream.end("half");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const variants = { "storefront:stable": `http://127.0.0.1:${portOf(server)}` };
    const { edge, gateway } = await openWorld(t, tableOf({ variants }), { settings: h2cSettings });
    t.after(() => gateway.close({ graceMs: 0 }));
    const answer = await fetch2(session(t, edge.port), {});
    assert.deepEqual(
      [answer.body, answer.reset],
      ["half", http2.constants.NGHTTP2_ENHANCE_YOUR_CALM],
    );
    await assert.rejects(ask(edge.port), { code: "ECONNRESET" });
  });

  it("may be sent any header twice", async (t) => {
    const variants = { "storefront:stable": await h2cVariant(t) };
    const { edge } = await openWorld(t, tableOf({ variants }), { settings: h2cSettings });
    const answer = await ask(edge.port, { headers: ["User-Agent", "a", "User-Agent", "b"] });
    assert.equal(answer.status, 200);
    assert.deepEqual(valuesOf(echoed(answer).rawHeaders, "user-agent"), ["a", "b"]);
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

  it("have their response timeout start after a long upload", async (t) => {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      if (headers[":path"] === "/silent") return;
      stream.on("end", () => stream.respond({ ":status": 204 }, { endStream: true }));
      stream.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const variants = { "storefront:stable": `http://127.0.0.1:${portOf(server)}` };
    const { edge, gateway } = await openWorld(t, tableOf({ variants }), {
      settings: h2cSettings,
      limits: { responseHeadMs: 600 },
    });
    t.after(() => gateway.close({ graceMs: 0 }));
    const upload = new RawClient(edge.port);
    const host = "Host: storefront.localhost\r\n";
    upload.send(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`);
    const sending = setInterval(() => upload.send("1\r\na\r\n"), 10);
    t.after(() => clearInterval(sending));
    // Others' time is up, one after the other, and so was the upload's, if it had been measured from its head.
    for (let at = 0; at < 2; at++) {
      assert.equal((await ask(edge.port, { path: "/silent" })).status, 504);
    }
    clearInterval(sending);
    upload.send("0\r\n\r\n");
    await upload.until("HTTP/1.1 204");
    upload.close();
  });

  it("stop the upload after their response, and the client's connection stays open", async (t) => {
    const server = http2.createServer();
    let closed = 0;
    // It answers at once, and would read the rest of the request forever.
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.on("close", () => closed++);
      stream.resume();
      stream.respond({ ":status": 403, "content-length": "2" });
      stream.end("no");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const variants = { "storefront:stable": `http://127.0.0.1:${portOf(server)}` };
    const { edge, gateway } = await openWorld(t, tableOf({ variants }), { settings: h2cSettings });
    t.after(() => gateway.close({ graceMs: 0 }));
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    const host = "Host: storefront.localhost\r\n";
    client.send(`POST / HTTP/1.1\r\n${host}Content-Length: 100000\r\n\r\nabc`);
    await client.until("\r\n\r\nno");
    await until("the stream at the variant to be closed", () => closed === 1);
    client.send("x".repeat(99_997));
    client.send(`GET / HTTP/1.1\r\n${host}\r\n`);
    await until("a second answer", () => client.received.match(/HTTP\/1\.1 403/g)?.length === 2);
  });
});
