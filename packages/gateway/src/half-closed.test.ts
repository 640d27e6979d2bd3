import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gate, openWorld, RawClient, serve, tableOf } from "../test/world.ts";

const host = "Host: storefront.localhost\r\n";
const requests = {
  "a GET": `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
  "a GET on a connection that is kept": `GET / HTTP/1.1\r\n${host}\r\n`,
  "a POST": `POST / HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nok`,
  "a GET of HTTP/1.0": `GET / HTTP/1.0\r\n${host}\r\n`,
};

describe("a client that ends its half of the connection behind its request", () => {
  for (const [what, request] of Object.entries(requests)) {
    it(`gets its answer: ${what}`, async (t) => {
      const variant = await serve(t, (_req, res) => {
        void delay(200).then(() => {
          res.write("slow ");
          return delay(50).then(() => res.end("answer"));
        });
      });
      const table = tableOf({ variants: { "storefront:stable": variant.url } });
      const { edge } = await openWorld(t, table);
      const client = new RawClient(edge.port);
      t.after(() => client.close());
      client.socket.end(request, "latin1");
      const received = await client.whole();
      const final = received.replace(/^(?:HTTP\/1\.1 100 Continue\r\n\r\n)*/, "");
      assert.match(final, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(final, /slow /);
      assert.match(final, /answer/);
      if (what.endsWith("1.0")) assert.equal(final, received);
    });
  }

  it("gets all of its answers", async (t) => {
    const variant = await serve(t, (req, res) => {
      void delay(req.url === "/1" ? 150 : 10).then(() => res.end(`answer ${req.url}`));
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.socket.end(`GET /1 HTTP/1.1\r\n${host}\r\nGET /2 HTTP/1.1\r\n${host}\r\n`, "latin1");
    assert.match(await client.whole(), /answer \/1[\s\S]*answer \/2/);
  });

  it("and then leaves ends its request", async (t) => {
    const arrived = gate();
    const left = gate();
    const variant = await serve(t, (req) => {
      req.on("close", () => left.open());
      arrived.open();
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    client.socket.end(requests["a GET"], "latin1");
    await once(client.socket, "finish");
    await arrived.promise;
    client.close();
    await left.promise;
  });

  it("is cut off when its answer is silent for too long", async (t) => {
    const left = gate();
    const variant = await serve(t, (_req, res) => {
      res.on("close", () => left.open());
      res.write("begin");
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { halfClosedMs: 100 } });
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.socket.end(requests["a GET"], "latin1");
    await client.until("begin");
    await left.promise;
  });
});
