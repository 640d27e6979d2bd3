import assert from "node:assert/strict";
import http2 from "node:http2";
import type net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import type { Limits } from "./limits.ts";
import {
  ask,
  openWorld,
  portOf,
  problemOf,
  RawClient,
  tableOf,
  type World,
} from "../test/world.ts";

// What a client of HTTP/2 owes its server, and other requests, when a server limits, refuses or ends (RFC 9113 6.8, 8.7).

const { constants } = http2;

interface Variant {
  readonly url: string;
  /** Connections that were opened, in order. */
  readonly sessions: readonly http2.Http2Session[];
}

type OnStream = (stream: http2.ServerHttp2Stream, at: { session: number; stream: number }) => void;

/** An h2c server; `onStream` is told which connection it is on, and which stream of that connection it is, from 0. */
async function variant(
  t: TestContext,
  onStream: OnStream,
  options: http2.ServerOptions = {},
): Promise<Variant> {
  const server = http2.createServer(options);
  const sessions: http2.Http2Session[] = [];
  const counts = new Map<http2.Http2Session, number>();
  server.on("session", (session: http2.ServerHttp2Session) => {
    sessions.push(session);
    session.on("error", () => undefined);
  });
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    const { session } = stream;
    if (session === undefined) return;
    const count = counts.get(session) ?? 0;
    counts.set(session, count + 1);
    onStream(stream, { session: sessions.findIndex((each) => each === session), stream: count });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server)}`, sessions };
}

async function worldOf(t: TestContext, url: string, limits: Partial<Limits> = {}): Promise<World> {
  const services = { storefront: { entry: true, protocol: "h2c" as const } };
  return await openWorld(t, tableOf({ variants: { "storefront:stable": url } }), {
    settings: { domain: "localhost", services },
    limits,
  });
}

async function edgeOf(t: TestContext, url: string): Promise<number> {
  const { edge } = await worldOf(t, url);
  return edge.port;
}

/** Answers with what it was sent. */
function echo(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
}

function statuses(answers: readonly { readonly status: number }[]): readonly number[] {
  return [...new Set(answers.map(({ status }) => status))];
}

const many = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at));

describe("the connections of HTTP/2 to a variant", () => {
  it("are as many as the streams that it allows want", async (t) => {
    const open = await variant(t, (stream) => stream.respond({ ":status": 200 }), {
      settings: { maxConcurrentStreams: 10 },
    });
    const port = await edgeOf(t, open.url);
    const clients = many(35, () => new RawClient(port));
    t.after(() => {
      for (const client of clients) client.close();
    });
    for (const client of clients)
      client.send("GET / HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n");
    await Promise.all(clients.map((client) => client.until("HTTP/1.1 200")));
    assert.equal(open.sessions.length, 4);
  });

  it("open no stream for a client that left while it waited for one", async (t) => {
    const streams: http2.ServerHttp2Stream[] = [];
    const open = await variant(t, (stream) => void streams.push(stream), {
      settings: { maxConcurrentStreams: 1 },
    });
    const { edge, gateway } = await worldOf(t, open.url, { upstreamConnections: 1 });
    const inFlight = async (count: number): Promise<void> => {
      const ref = { service: "storefront", key: "stable", incarnation: 1 };
      await until(`${count} in flight`, () => gateway.inFlight(ref) === count);
    };
    const get = "GET / HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n";
    const [first, second] = [new RawClient(edge.port), new RawClient(edge.port)];
    t.after(() => first.close());
    first.send(get);
    await until("the first stream", () => streams.length === 1);
    second.send(get);
    await inFlight(2);
    second.socket.resetAndDestroy();
    await inFlight(1);
    const third = ask(edge.port);
    await inFlight(2);
    for (let at = 0; at < 2; at++) {
      await until("the next stream", () => streams.length > at);
      streams[at]?.respond({ ":status": 200 }, { endStream: true });
    }
    assert.equal((await third).status, 200);
    assert.equal(streams.length, 2);
  });

  it("are used again, and not more of them than needed", async (t) => {
    const open = await variant(t, echo);
    const port = await edgeOf(t, open.url);
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(statuses(await Promise.all(many(20, () => ask(port)))), [200]);
    }
    assert.equal(open.sessions.length, 1);
  });

  it("end after GOAWAY with the streams that they have, and what it left out is sent again", async (t) => {
    const open = await variant(t, (stream, at) => {
      // Of each connection five streams are answered.
      if (at.stream < 5) echo(stream);
      if (at.stream === 5) stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 9);
    });
    const port = await edgeOf(t, open.url);
    const bodies = many(60, (at) => `body ${at} ${"x".repeat(at * 50)}`);
    const answers = await Promise.all(bodies.map((body) => ask(port, { method: "POST", body })));
    assert.deepEqual(statuses(answers), [200]);
    assert.deepEqual(
      answers.map(({ body }) => body),
      bodies,
    );
  });

  it("that end with an error lose only what may have been processed", async (t) => {
    let processed = 0;
    const open = await variant(t, (stream, at) => {
      if (at.session > 0) return echo(stream);
      if (at.stream === 0) processed++;
      if (at.stream === 3) stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, 1);
    });
    const port = await edgeOf(t, open.url);
    const answers = await Promise.all(many(10, () => ask(port, { method: "POST", body: "x" })));
    assert.equal(processed, 1);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((one, other) => one - other),
      [...many(9, () => 200), 502],
    );
  });

  it("get a refused stream again, with its body", async (t) => {
    const open = await variant(t, (stream, at) => {
      if (at.stream % 2 === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else echo(stream);
    });
    const port = await edgeOf(t, open.url);
    for (let at = 0; at < 20; at++) {
      const body = "x".repeat(at * 3000);
      const answer = await ask(port, { method: "POST", body });
      assert.deepEqual([answer.status, answer.body.length], [200, body.length]);
    }
  });

  it("do not repeat a body that was not kept, and stop after four attempts", async (t) => {
    let streams = 0;
    const open = await variant(t, (stream) => {
      streams++;
      stream.resume();
      stream.on("end", () => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    });
    const port = await edgeOf(t, open.url);
    const large = await ask(port, { method: "POST", body: "x".repeat(100_000) });
    assert.deepEqual([large.status, streams], [503, 1]);
    const small = await ask(port, { method: "POST", body: "x" });
    assert.equal(small.status, 503);
    assert.match(problemOf(small).detail, /takes no more requests for now \(REFUSED_STREAM\)/);
    assert.equal(streams, 5);
  });

  it("are retired when they answer ENHANCE_YOUR_CALM", async (t) => {
    const open = await variant(t, (stream, at) => {
      if (at.session === 0) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else echo(stream);
    });
    const port = await edgeOf(t, open.url);
    // It may have been processed.
    const first = await ask(port, { method: "POST", body: "x" });
    assert.equal(first.status, 503);
    assert.match(problemOf(first).detail, /ENHANCE_YOUR_CALM/);
    assert.deepEqual(statuses(await Promise.all(many(10, () => ask(port)))), [200]);
  });

  it("are replaced for a GET that is answered ENHANCE_YOUR_CALM", async (t) => {
    const open = await variant(t, (stream, at) => {
      if (at.session === 0) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else echo(stream);
    });
    assert.equal((await ask(await edgeOf(t, open.url))).status, 200);
  });

  for (const [how, end] of Object.entries({
    closes: "end",
    resets: "resetAndDestroy",
    drops: "destroy",
  } as const)) {
    it(`say that the variant is down when it ${how} one during a request`, async (t) => {
      const server = http2.createServer();
      server.on("session", (session) => session.on("error", () => undefined));
      const sockets: net.Socket[] = [];
      server.on("connection", (socket: net.Socket) => sockets.push(socket));
      server.on("stream", (stream) => {
        stream.on("error", () => undefined);
        for (const socket of sockets) socket[end]();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.after(() => server.close());
      const port = await edgeOf(t, `http://127.0.0.1:${portOf(server)}`);
      const answer = await ask(port, { method: "POST", body: "x" });
      assert.deepEqual([answer.status, problemOf(answer).code], [503, "VariantUnavailable"]);
      assert.match(problemOf(answer).detail, /closed the connection before it responded/);
    });
  }

  it("name a failure as the variant's own", async (t) => {
    const open = await variant(t, (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    const answer = await ask(await edgeOf(t, open.url));
    assert.equal(answer.status, 502);
    assert.match(problemOf(answer).detail, /reset the stream \(INTERNAL_ERROR\)/);
  });

  it("end no stream because clients of others left", async (t) => {
    const limits = { streamResetBurst: 100, streamResetRate: 1 };
    const open = await variant(
      t,
      (stream, at) => {
        if (at.session === 0 && at.stream === 0) {
          stream.respond({ ":status": 200 });
          const timer = setInterval(() => stream.write("tick "), 10);
          stream.on("close", () => clearInterval(timer));
        }
      },
      limits,
    );
    const port = await edgeOf(t, open.url);
    const long = new RawClient(port);
    t.after(() => long.close());
    const get = "GET / HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n";
    long.send(get);
    await long.until("tick");
    for (let at = 0; at < 300; at++) {
      const client = new RawClient(port);
      client.send(get);
      await until("the request to arrive", () => client.socket.bytesWritten > 0);
      await new Promise(setImmediate);
      client.socket.resetAndDestroy();
    }
    await until("cancelled streams on several connections", () => open.sessions.length > 3);
    const before = long.received.length;
    await until("the long answer to go on", () => long.received.length > before + 20);
    assert.equal(long.closed, false);
  });

  it("read more than 128 header lines", async (t) => {
    const open = await variant(t, (stream) => {
      const lines = Object.fromEntries(many(500, (at) => [`x-line-${at}`, String(at)]));
      stream.respond({ ":status": 200, ...lines }, { endStream: true });
    });
    const answer = await ask(await edgeOf(t, open.url));
    assert.deepEqual([answer.status, answer.headers["x-line-499"]], [200, "499"]);
  });
});
