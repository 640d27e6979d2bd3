import assert from "node:assert/strict";
import type net from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openWorld, RawClient, rawExchange, serveRaw, tableOf } from "../test/world.ts";

// Field values are octets (RFC 9110 5.5): what is above 0x7f passes unchanged, whatever it means to the two ends.

/** A head in latin1, in which `ü` is the one octet 0xfc, and in which UTF-8 is the octets that it has. */
const lines = [
  'Content-Disposition: attachment; filename="r\xfcckblick.pdf"',
  `X-Utf8: ${Buffer.from("Grüße 東京").toString("latin1")}`,
  "X-Latin1: caf\xe9\xff",
  "Set-Cookie: name=\x80\x9f",
];

/** How a variant may send a head with these lines, and its body. */
const answers: Readonly<Record<string, (socket: net.Socket, head: string) => void>> = {
  "with its body": (socket, head) =>
    void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${head}\r\nok`, "latin1"),
  "with the length last": (socket, head) =>
    void socket.write(`HTTP/1.1 200 OK\r\n${head}Content-Length: 2\r\n\r\nok`, "latin1"),
  "before its body": (socket, head) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${head}\r\n`, "latin1");
    void delay(30).then(() => socket.write("ok"));
  },
  "before chunks": (socket, head) => {
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${head}\r\n`, "latin1");
    void delay(30).then(() => socket.write("2\r\nok\r\n0\r\n\r\n"));
  },
  "with chunks": (socket, head) =>
    void socket.write(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${head}\r\n2\r\nok\r\n0\r\n\r\n`,
      "latin1",
    ),
  "of an event stream": (socket, head) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${head}\r\n`, "latin1");
    void delay(30).then(() => socket.end("ok"));
  },
  "without a body": (socket, head) =>
    void socket.write(`HTTP/1.1 204 No Content\r\n${head}\r\n`, "latin1"),
  "of a refusal": (socket, head) =>
    void socket.write(`HTTP/1.1 404 Nicht da\r\nContent-Length: 2\r\n${head}\r\nok`, "latin1"),
};

const get = "GET / HTTP/1.1\r\nHost: storefront.localhost\r\nConnection: close\r\n";

describe("octets above 0x7f in a head", () => {
  for (const [how, answer] of Object.entries(answers)) {
    it(`pass unchanged: an answer ${how}`, async (t) => {
      const head = lines.map((line) => `${line}\r\n`).join("");
      const url = await serveRaw(t, (socket) => {
        socket.once("data", () => answer(socket, head));
      });
      const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
      const received = await rawExchange(t, edge.port, `${get}\r\n`);
      for (const line of lines) assert.ok(received.includes(`\r\n${line}\r\n`), received);
    });
  }

  it("pass unchanged: a request", async (t) => {
    let seen = "";
    const url = await serveRaw(t, (socket) => {
      socket.on("data", (chunk: Buffer) => {
        seen += chunk.toString("latin1");
        if (seen.endsWith("\r\n\r\n")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const head = lines.map((line) => `${line}\r\n`).join("");
    await rawExchange(t, edge.port, `${get}${head}\r\n`);
    for (const line of lines) assert.ok(seen.includes(`\r\n${line}\r\n`), seen);
  });

  it("pass unchanged: the head of an upgraded connection", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () =>
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n${lines[2]}\r\n\r\n`,
          "latin1",
        ),
      );
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(
      "GET / HTTP/1.1\r\nHost: storefront.localhost\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n",
    );
    assert.ok((await client.until("\r\n\r\n")).includes(`\r\n${lines[2]}\r\n`), client.received);
  });
});
