import assert from "node:assert/strict";
import http2 from "node:http2";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import { fetch2, session } from "../test/http2-client.ts";
import {
  echo,
  gate,
  openWorld,
  RawClient,
  serve,
  tableOf,
  type World,
  type WorldOptions,
} from "../test/world.ts";

const stable = { service: "storefront", key: "stable", incarnation: 1 };
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** A frame: 9 bytes of head, then its payload (RFC 9113 4.1). */
function frame(type: number, flags: number, stream: number, payload = ""): string {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head.toString("latin1") + payload;
}

const settings = frame(4, 0, 0);
const settingsAck = frame(4, 1, 0);
/** GET / of storefront.localhost in HPACK: three entries of the static table, and a literal. */
const authority = "storefront.localhost";
const get = `\x82\x86\x84\x01${String.fromCharCode(authority.length)}${authority}`;

async function open(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const variant = await serve(t, echo("stable"));
  return openWorld(t, tableOf({ variants: { "storefront:stable": variant.url } }), options);
}

function connect(t: TestContext, port: number): RawClient {
  const client = new RawClient(port);
  t.after(() => client.close());
  return client;
}

/** True once the gateway has detached from a connection: its place is free for another client. */
async function isFree(port: number): Promise<void> {
  let free = false;
  await until(
    "a place to be free",
    () => {
      const probe = net.connect(port, "127.0.0.1", () => probe.write(preface + settings));
      probe.on("data", (chunk) => {
        // A frame of settings, and not "HTTP/1.1 503".
        free ||= chunk[3] === 4;
        probe.destroy();
      });
      probe.on("error", () => undefined);
      return free;
    },
    { seen: () => "" },
  );
}

describe("an HTTP/2 connection", { concurrency: 4 }, () => {
  it("is closed when idle, also if the client never closes its half", async (t) => {
    const { edge } = await open(t, { limits: { keepAliveMs: 50, connections: 1 } });
    const client = connect(t, edge.port);
    client.send(preface + settings);
    await client.whole();
    await isFree(edge.port);
  });

  it("is closed when a head stays incomplete", async (t) => {
    const { edge } = await open(t, { limits: { keepAliveMs: 50, connections: 1 } });
    const client = connect(t, edge.port);
    // HEADERS without END_HEADERS.
    client.send(preface + settings + frame(1, 1, 1, "\x82"));
    await client.whole();
    await isFree(edge.port);
  });

  it("is closed when the client closes its half", async (t) => {
    const arrived = gate();
    const left = gate();
    const variant = await serve(t, (req) => {
      req.on("close", () => left.open());
      arrived.open();
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge, gateway } = await openWorld(t, table);
    const client = connect(t, edge.port);
    client.send(preface + settings + frame(1, 5, 1, get));
    await arrived.promise;
    client.socket.end();
    await left.promise;
    await until("the request to be ended", () => gateway.inFlight(stable) === 0);
  });

  it("stops the upload after a complete response", async (t) => {
    const { edge } = await open(t, { limits: { keepAliveMs: 50 } });
    const client = session(t, edge.port);
    const stream = client.request({
      ":method": "POST",
      ":authority": "nowhere.example",
      ":path": "/",
    });
    stream.on("error", () => undefined);
    stream.resume();
    const status = new Promise((resolve) =>
      stream.on("response", (got) => resolve(got[":status"])),
    );
    await new Promise((resolve) => stream.on("close", resolve));
    assert.deepEqual([await status, stream.rstCode], [421, http2.constants.NGHTTP2_NO_ERROR]);
    await new Promise((resolve) => client.on("close", resolve));
  });

  it("forwards the complete response of a variant that did not read the upload", async (t) => {
    const size = 3 << 20;
    const variant = await serve(t, (_req, res) => {
      res.writeHead(200, { trailer: "x-sum" });
      res.write(Buffer.alloc(size));
      res.addTrailers({ "x-sum": "42" });
      res.end();
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table);
    const stream = session(t, edge.port).request({
      ":method": "POST",
      ":authority": authority,
      ":path": "/",
    });
    let bytes = 0;
    let sum: unknown;
    stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
    stream.on("trailers", (trailers: http2.IncomingHttpHeaders) => (sum = trailers["x-sum"]));
    stream.write("begin");
    await new Promise((resolve) => stream.on("close", resolve));
    assert.deepEqual([bytes, sum, stream.rstCode], [size, "42", 0]);
  });

  it("is refused a tunnel", async (t) => {
    const { edge } = await open(t);
    const answer = await fetch2(session(t, edge.port), [
      ":method",
      "CONNECT",
      ":authority",
      authority,
    ]);
    assert.equal(answer.status, 405);
  });

  it("accepts a name truncated within a character, in a problem for gRPC", async (t) => {
    const { edge } = await open(t);
    const environment = `${"a".repeat(79)}%F0%9F%98%80`;
    const answer = await fetch2(session(t, edge.port), {
      ":path": `/.well-known/cocktail/enter?environment=${environment}`,
      "content-type": "application/grpc",
    });
    assert.equal(answer.headers["grpc-status"], "12");
    assert.match(String(answer.headers["grpc-message"]), /a%EF%BF%BD$/);
  });

  const floods: Readonly<Record<string, (at: number) => string>> = {
    "streams that are reset at once": (at) =>
      frame(1, 5, at * 2 + 1, get) + frame(3, 0, at * 2 + 1, "\0\0\0\x08"),
    settings: () => settings,
    pings: () => frame(6, 0, 0, "12345678"),
    continuations: (at) => (at === 0 ? frame(1, 1, 1, get) : frame(9, 0, 1, "\x82")),
  };
  for (const [what, nth] of Object.entries(floods)) {
    it(`is closed when it floods with ${what}`, async (t) => {
      const { edge, gateway } = await open(t);
      const client = connect(t, edge.port);
      // It never reads: what the gateway has to answer would pile up.
      client.socket.pause();
      client.send(preface + settings + settingsAck);
      let at = 0;
      const more = (): void => {
        while (!client.closed) {
          let chunk = "";
          for (let many = 0; many < 500; many++) chunk += nth(at++);
          if (!client.socket.write(chunk, "latin1")) {
            client.socket.once("drain", () => setImmediate(more));
            return;
          }
        }
      };
      more();
      await until(
        "the connection to be ended",
        () => client.closed || client.socket.errored !== null,
        { seen: () => at },
      );
      await until("nothing to be in flight", () => gateway.inFlight(stable) === 0);
      assert.equal((await fetch2(session(t, edge.port), {})).status, 200);
    });
  }
});
