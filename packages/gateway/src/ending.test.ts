import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "@cocktail/test-support";
import {
  ask,
  gate,
  getRequest,
  openWorld,
  RawClient,
  rawExchange,
  serve,
  serveRaw,
  tableOf,
} from "../test/world.ts";

describe("early ends over HTTP/1.1", { concurrency: 4 }, () => {
  it("aborts the request at the variant when the client disconnects before the response", async (t) => {
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
    client.send(getRequest("/"));
    await arrived.promise;
    client.close();
    await left.promise;
    assert.equal(gateway.inFlight({ service: "storefront", key: "stable", incarnation: 1 }), 0);
  });

  it("aborts the request at the variant when the client disconnects during the response", async (t) => {
    const left = gate();
    const variant = await serve(t, (_req, res) => {
      res.on("close", () => left.open());
      res.write("begin");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
      { limits: { halfClosedMs: 100 } },
    );
    const client = new RawClient(edge.port);
    client.send(getRequest("/"));
    await client.until("begin");
    client.close();
    await left.promise;
  });

  it("aborts the request at the variant when the client disconnects during the upload", async (t) => {
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

  it("aborts the response when the variant's connection breaks in the middle", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        setImmediate(() => socket.destroy());
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    await assert.rejects(ask(edge.port), { code: "ECONNRESET" });
  });

  it("aborts the response when a chunked response is truncated", async (t) => {
    const url = await serveRaw(t, (socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        setImmediate(() => socket.destroy());
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const answer = await rawExchange(t, edge.port, getRequest("/"));
    assert.match(answer, /4\r\nhalf\r\n$/);
  });

  it("delivers a response that arrives before the upload has ended, and stays usable", async (t) => {
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
    client.send(getRequest("/again"));
    await until("the second answer", () => client.received.match(/too much/g)?.length === 2, {
      seen: () => client.received,
    });
  });
});
