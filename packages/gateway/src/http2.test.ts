import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { until } from "@cocktail/test-support";
import { fetch2, session } from "../test/http2-client.ts";
import { type Poured, pour } from "../test/pour.ts";
import {
  echo,
  echoed,
  gate,
  openWorld,
  problemOf,
  serve,
  stalled,
  tableOf,
  valuesOf,
} from "../test/world.ts";

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

  it("are refused a contradictory head, and receive problems", async (t) => {
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

  it("receive a reset when the variant's response is truncated", async (t) => {
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

  it("abort the request at the variant when they reset theirs, also during the upload", async (t) => {
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

  it("abort the request at the variant also when it had stopped reading", async (t) => {
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
    await until("the request to be ended", () => gateway.inFlight(stable) === 0);
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

  it("apply back-pressure in both directions", async (t) => {
    const total = 32 << 20;
    let poured: Poured | undefined;
    const sent = (): number => poured?.sent ?? 0;
    const variant = await serve(t, (_req, res) => {
      poured = pour(res, total, () => res.end());
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const stream = session(t, edge.port).request({
      ":path": "/",
      ":authority": "storefront.localhost",
    });
    await stalled(sent, "the variant to be held back");
    assert.ok(sent() < total / 2, `${sent()}`);
    let received = 0;
    for await (const chunk of stream) received += (chunk as Buffer).length;
    assert.equal(received, total);
  });
});
