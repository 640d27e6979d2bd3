import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import { describe, it } from "node:test";
import { ask, openWorld, serveRaw, tableOf } from "../test/world.ts";

// A variant may answer before it has read the request, and close (RFC 9112 9.5): its answer reaches the client.

const refusal = (connection: string): string =>
  `HTTP/1.1 413 Payload Too Large\r\n${connection}Content-Length: 7\r\n\r\ntoo big`;

/** How a variant may refuse an upload of which it has read only the beginning. */
const refusals: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "closes at once": (socket) => {
    socket.pause();
    socket.write(refusal("Connection: close\r\n"), () => socket.destroy());
  },
  "closes without saying so": (socket) => {
    socket.pause();
    socket.write(refusal(""), () => socket.destroy());
  },
  "ends its side and reads nothing more": (socket) => {
    socket.pause();
    socket.end(refusal("Connection: close\r\n"));
  },
  "resets the connection": (socket) => {
    socket.pause();
    socket.write(refusal("Connection: close\r\n"), () => socket.resetAndDestroy());
  },
};

const size = 5_000_000;

/** The status of an upload, whatever becomes of the rest of it. */
async function upload(port: number, headers: http.OutgoingHttpHeaders): Promise<number> {
  const req = http.request({
    host: "127.0.0.1",
    port,
    method: "POST",
    headers: { host: "storefront.localhost", ...headers },
    agent: false,
  });
  const answered = once(req, "response") as Promise<[http.IncomingMessage]>;
  req.on("error", () => undefined);
  req.end(Buffer.alloc(size));
  const [response] = await answered;
  response.resume();
  req.destroy();
  return response.statusCode ?? 0;
}

describe("an answer that comes before the upload has ended", () => {
  for (const [how, refuse] of Object.entries(refusals)) {
    for (const [framing, headers] of [
      ["a length", { "content-length": size }],
      ["chunks", { "transfer-encoding": "chunked" }],
    ] as const) {
      it(`reaches the client: a variant that ${how}, an upload with ${framing}`, async (t) => {
        const url = await serveRaw(t, (socket) => {
          socket.once("data", () => refuse(socket));
        });
        const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
        const statuses = [];
        for (let times = 0; times < 5; times++) statuses.push(await upload(edge.port, headers));
        assert.deepEqual(new Set(statuses), new Set([413]));
      });
    }
  }

  it("is the variant's failure where there was none", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    assert.equal(await upload(edge.port, { "content-length": size }), 503);
    assert.equal((await ask(edge.port)).status, 503);
  });
});
