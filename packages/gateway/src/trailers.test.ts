import assert from "node:assert/strict";
import http2, { type ServerHttp2Stream } from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { fetch2, session } from "../test/http2-client.ts";
import { openWorld, portOf, rawExchange, serveRaw, tableOf } from "../test/world.ts";

/** An h2c variant that answers with the trailers it got, as raw headers. */
async function trailerEcho(t: TestContext): Promise<string> {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (opened) => sessions.add(opened));
  server.on("stream", (stream: ServerHttp2Stream) => {
    let trailers: readonly string[] = [];
    stream.on("trailers", (_headers, _flags, raw: string[]) => (trailers = raw));
    stream.on("error", () => undefined);
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(JSON.stringify(trailers));
    });
    stream.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const opened of sessions) opened.destroy();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

const settings = {
  domain: "localhost",
  services: { storefront: { entry: true, protocol: "h2c" as const } },
};

describe("trailers", { concurrency: 4 }, () => {
  it("of a request are forwarded without framing, routing and identity fields, repeated ones too", async (t) => {
    const variants = { "storefront:stable": await trailerEcho(t) };
    const { edge } = await openWorld(t, tableOf({ variants }), { settings });
    // Without it Node's client would not repeat an etag; its types do not know it.
    const repeating = { strictSingleValueFields: false, settings: {} };
    const client = http2.connect(`http://127.0.0.1:${edge.port}`, repeating);
    t.after(() => client.destroy());
    const stream = client.request(
      { ":method": "POST", ":path": "/", ":authority": "storefront.localhost" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => {
      const trailers: Record<string, string | string[]> = {
        "x-sum": "1",
        etag: ["a", "b"],
        "x-service-route": "storefront:mp-101",
        x_service_route: "storefront:mp-101",
        "x-forwarded-for": "6.6.6.6",
        authorization: "Basic eDp5",
        cookie: "cocktail-route=mp-101",
      };
      stream.sendTrailers(trailers);
    });
    stream.end("body");
    let text = "";
    stream.on("data", (chunk) => (text += String(chunk)));
    await new Promise((resolve) => stream.on("close", resolve));
    assert.deepEqual(JSON.parse(text), ["x-sum", "1", "etag", "a", "etag", "b"]);
  });

  it("of a response are forwarded without framing and served fields", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.on("data", () =>
        socket.write(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nETag: a\r\nETag: b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTE: x\r\nUpgrade: y\r\nKeep-Alive: z\r\nx-route-served: evil:x\r\nx-route-trace: evil\r\n\r\n",
        ),
      );
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const text = "GET / HTTP/1.1\r\nHost: storefront.localhost\r\nConnection: close\r\n\r\n";
    const answer = await rawExchange(t, edge.port, text);
    assert.ok(answer.endsWith("\r\n0\r\nX-Sum: 1\r\nETag: a\r\nETag: b\r\n\r\n"), answer);
    const streamed = await fetch2(session(t, edge.port), {});
    assert.deepEqual([streamed.body, streamed.reset], ["ok", 0]);
    assert.deepEqual(Object.keys(streamed.trailers), ["x-sum", "etag"]);
  });
});
