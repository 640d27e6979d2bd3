import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import type { Duplex } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import { type Poured, pour } from "../test/pour.ts";
import {
  ask,
  echo,
  echoed,
  gate,
  openWorld,
  RawClient,
  serve,
  stalled,
  tableOf,
  type WorldOptions,
  type World,
} from "../test/world.ts";

const upgrade = (headers = ""): string =>
  `GET /socket HTTP/1.1\r\nHost: storefront.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`;

/** A gateway whose variant switches protocols and hands over its socket. */
async function upgrading(
  t: TestContext,
  onSocket: (socket: Duplex, early: Buffer) => void,
  options: WorldOptions = {},
): Promise<World> {
  const variant = await serve(t, echo("stable"));
  variant.on("upgrade", (req, socket, early) => {
    const key = `${req.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.on("error", () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    t.after(() => socket.destroy());
    onSocket(socket, early);
  });
  return openWorld(t, tableOf({ variants: { "storefront:stable": variant.url } }), options);
}

function open(t: TestContext, port: number): RawClient {
  const client = new RawClient(port);
  t.after(() => client.close());
  return client;
}

const stable = { service: "storefront", key: "stable", incarnation: 1 };

describe("upgraded connections", { concurrency: 4 }, () => {
  it("pass bytes in both directions, and name the variant", async (t) => {
    const { edge } = await upgrading(t, (socket) =>
      socket.on("data", (chunk) => socket.write(`echo ${chunk}`)),
    );
    const client = open(t, edge.port);
    client.send(upgrade("x-route-trace: on\r\n"));
    await client.until("\r\n\r\n");
    assert.match(client.received, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(client.received, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    assert.match(client.received, /x-route-served: storefront:stable/);
    assert.match(client.received, /x-route-trace: "storefront"/);
    client.send("one");
    await client.until("echo one");
  });

  it("pass early bytes of both sides", async (t) => {
    const { edge } = await upgrading(t, (socket, early) => {
      socket.write("early from the variant|");
      let all = early.toString();
      socket.on("data", (chunk) => (all += String(chunk)));
      void until("the early bytes", () => all === "early from the client", {
        seen: () => all,
      }).then(() => socket.write("got it"));
    });
    const client = open(t, edge.port);
    client.send(`${upgrade()}early from the client`);
    await client.until("early from the variant|");
    await client.until("got it");
  });

  it("keep a half-closed connection open until the variant has finished", async (t) => {
    const { edge } = await upgrading(t, (socket) => {
      socket.resume();
      socket.on("end", () => socket.end("last words"));
    });
    const client = open(t, edge.port);
    client.send(upgrade());
    await client.until("101");
    client.socket.end();
    assert.match(await client.whole(), /last words$/);
  });

  it("end on both sides when one side breaks", async (t) => {
    const closed = gate();
    const sockets: Duplex[] = [];
    const { edge, gateway } = await upgrading(t, (socket) => {
      sockets.push(socket);
      socket.on("end", () => closed.open());
      socket.resume();
    });
    const first = open(t, edge.port);
    first.send(upgrade());
    await first.until("101");
    assert.equal(gateway.inFlight(stable), 1);
    first.socket.resetAndDestroy();
    await closed.promise;

    await until("the upgraded connection to be forgotten", () => gateway.inFlight(stable) === 0);
    const second = open(t, edge.port);
    second.send(upgrade());
    await second.until("101");
    sockets[1]?.destroy();

    await second.whole();

    await until("the upgraded connection to be forgotten", () => gateway.inFlight(stable) === 0);
  });

  it("are paused by a slow reader", async (t) => {
    const total = 64 << 20;
    let poured: Poured | undefined;
    const written = (): number => poured?.sent ?? 0;
    const { edge } = await upgrading(t, (socket) => {
      poured = pour(socket, total);
    });
    const client = open(t, edge.port);
    client.socket.pause();
    client.send(upgrade());
    await stalled(written, "the variant to be held back");
    assert.ok(written() < total / 2);
  });

  it("can be refused: a refusal is an ordinary response", async (t) => {
    const variant = await serve(t, echo("stable"));
    variant.on("upgrade", (_req, socket) =>
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
    );
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = open(t, edge.port);
    client.send(upgrade());
    const answer = await client.whole();
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden/);
    assert.match(answer, /x-route-served: storefront:stable/);
    assert.ok(answer.endsWith("no"));
  });

  it("receive a problem where the gateway refuses", async (t) => {
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": "http://127.0.0.1:9" } }),
    );
    const down = open(t, edge.port);
    down.send(upgrade());
    assert.match(await down.whole(), /^HTTP\/1\.1 503 [^]*VariantUnavailable/);
    const strict = open(t, edge.port);
    strict.send(upgrade("x-route-mode: strict\r\nx-service-route: storefront:gone\r\n"));
    assert.match(await strict.whole(), /^HTTP\/1\.1 424 [^]*StrictMiss/);
  });

  it("are limited in number", async (t) => {
    const { edge } = await upgrading(t, (socket) => socket.resume(), { limits: { upgrades: 1 } });
    const first = open(t, edge.port);
    first.send(upgrade());
    await first.until("101");
    const second = open(t, edge.port);
    second.send(upgrade());
    assert.match(await second.whole(), /^HTTP\/1\.1 503 [^]*TooManyConnections/);
  });

  it("are not made for h2c, requests with a body, or other methods: these stay ordinary", async (t) => {
    const { edge } = await upgrading(t, (socket) => socket.end("never"));
    const h2c = await ask(edge.port, {
      headers: {
        connection: "upgrade, http2-settings",
        upgrade: "h2c",
        "http2-settings": "AAMAAABkAARAAAAAAAIAAAAA",
      },
    });
    assert.equal(echoed(h2c).name, "stable");
    assert.doesNotMatch(h2c.body, /h2c|http2-settings/i);
    const posted = await ask(edge.port, {
      method: "POST",
      body: "abc",
      headers: { connection: "upgrade", upgrade: "websocket" },
    });
    assert.equal(echoed(posted).body, "abc");
  });

  it("are routed like every request", async (t) => {
    const branch = await serve(t, echo("branch"));
    branch.on("upgrade", (_req, socket) => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nbranch",
      );
      t.after(() => socket.destroy());
    });
    const variants = { "storefront:stable": "http://127.0.0.1:9", "storefront:mp-1": branch.url };
    const { edge } = await openWorld(t, tableOf({ variants }));
    const client = open(t, edge.port);
    client.send(upgrade("x-service-route: storefront:mp-1\r\n"));
    await client.until("branch");
    assert.match(client.received, /x-route-served: storefront:mp-1/);
  });

  it("end at the variant when the client disconnects before it has responded", async (t) => {
    const arrived = gate();
    const left = gate();
    const variant = await serve(t, echo("stable"));
    variant.on("upgrade", (_req, socket) => {
      socket.on("error", () => undefined);
      socket.on("close", () => left.open());
      socket.on("end", () => socket.destroy());
      socket.resume();
      arrived.open();
    });
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = open(t, edge.port);
    client.send(upgrade());
    await arrived.promise;
    client.socket.end();
    await left.promise;
    await until("the request to be ended", () => gateway.inFlight(stable) === 0);
  });

  it("deliver all that a variant sent before it closed, to a client that is still sending", async (t) => {
    const total = 1 << 18;
    const { edge, gateway } = await upgrading(t, (socket) => {
      socket.resume();
      socket.end(Buffer.alloc(total, 97));
    });
    const client = net.connect({ port: edge.port, host: "127.0.0.1", allowHalfOpen: true });
    t.after(() => client.destroy());
    client.on("error", () => undefined);
    client.write(upgrade());
    await new Promise((resolve) => client.once("readable", resolve));
    await until("the variant to have ended", () => gateway.inFlight(stable) === 0);
    // A connection closed by now would be reset by these, and what is unread lost.
    for (let at = 0; at < 20; at++) {
      await new Promise((resolve) => client.write("still here", resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    let bytes = 0;
    client.on("data", (chunk: Buffer) => (bytes += chunk.length));
    await new Promise((resolve) => client.on("end", resolve).on("close", resolve));
    assert.ok(bytes > total, `${bytes} of ${total}`);
  });

  it("use the protocol that the variant selected of several", async (t) => {
    const { edge } = await upgrading(t, (socket) => socket.resume());
    const client = open(t, edge.port);
    client.send(upgrade().replace("Upgrade: websocket", "Upgrade: other, websocket"));
    await client.until("\r\n\r\n");
    assert.match(client.received, /^Upgrade: websocket\r$/im);
  });

  it("are limited in number also before the variant has responded", async (t) => {
    const arrived = gate();
    const variant = await serve(t, echo("stable"));
    variant.on("upgrade", (_req, socket) => {
      t.after(() => socket.destroy());
      arrived.open();
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { upgrades: 1 } });
    open(t, edge.port).send(upgrade());
    await arrived.promise;
    const second = open(t, edge.port);
    second.send(upgrade());
    assert.match(await second.whole(), /^HTTP\/1\.1 503 [^]*TooManyConnections/);
  });
});
