import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openShop } from "../test/shop.ts";
import { ask, echo, gate, openWorld, rawExchange, serve, tableOf } from "../test/world.ts";

describe("a trace", { concurrency: 4 }, () => {
  it("has an item for the hop, with missed and incarnation, and only on request", async (t) => {
    const { ask } = await openShop(t);
    const headers = {
      "x-route-trace": "on",
      "x-service-route": "storefront:gone",
      "x-source-route": "mp-102",
    };
    const answer = await ask({ headers });
    assert.match(
      String(answer.headers["x-route-trace"]),
      /^"storefront";variant="mp-102";via=environment;layer="mp-102";incarnation=1;epoch=1;missed="storefront:gone";ms=[0-9.]+$/,
    );
    assert.equal(
      (await ask({ headers: { "x-route-trace": "yes" } })).headers["x-route-trace"],
      undefined,
    );
  });

  it("includes the hops below, as the variant's library reports them", async (t) => {
    const cart = await serve(t, echo("cart"));
    const ports: { cart?: number } = {};
    const storefront = await serve(t, async (req, res) => {
      const { "x-route-trace": wish, "x-service-route": route } = req.headers;
      const below = await ask(ports.cart ?? 0, {
        headers: { "x-route-trace": String(wish), "x-service-route": String(route) },
      });
      res.setHeader("x-route-trace", String(below.headers["x-route-trace"]));
      res.end();
    });
    const table = tableOf({
      variants: { "storefront:stable": storefront.url, "cart:mp-1": cart.url },
    });
    const { edge, gateway } = await openWorld(t, table);
    const mesh = await gateway.listenMesh({
      caller: "storefront:stable",
      callee: "cart",
      host: "127.0.0.1",
      port: 0,
    });
    ports.cart = mesh.port;
    const answer = await ask(edge.port, {
      headers: { "x-route-trace": "on", "x-service-route": "cart:mp-1" },
    });
    assert.match(
      String(answer.headers["x-route-trace"]),
      /^"storefront";variant="stable";via=stable;incarnation=1;epoch=1;ms=[0-9.]+, "cart";variant="mp-1";via=pin;incarnation=1;epoch=1;caller="storefront:stable";ms=[0-9.]+$/,
    );
  });

  it("shows where a service dropped the route", async (t) => {
    const cart = await serve(t, echo("cart"));
    const ports: { cart?: number } = {};
    const storefront = await serve(t, async (_req, res) => {
      await ask(ports.cart ?? 0);
      res.end();
    });
    const table = tableOf({
      variants: {
        "storefront:stable": storefront.url,
        "cart:stable": cart.url,
        "cart:mp-1": cart.url,
      },
    });
    const { edge, gateway } = await openWorld(t, table);
    const mesh = await gateway.listenMesh({
      caller: "storefront:stable",
      callee: "cart",
      host: "127.0.0.1",
      port: 0,
    });
    ports.cart = mesh.port;
    const traced = { "x-route-trace": "on" };
    const routed = await ask(edge.port, { headers: { ...traced, "x-service-route": "cart:mp-1" } });
    assert.match(
      String(routed.headers["x-route-trace"]),
      /, "cart";variant="stable";via=stable;caller="storefront:stable";lost$/,
    );
    const unrouted = await ask(edge.port, { headers: traced });
    assert.doesNotMatch(String(unrouted.headers["x-route-trace"]), /lost/);
  });

  it("reports no lost route while the caller works on an unrouted request", async (t) => {
    const cart = await serve(t, echo("cart"));
    const ports: { cart?: number } = {};
    const arrived = gate();
    const release = gate();
    const storefront = await serve(t, async (req, res) => {
      if (req.url === "/unrouted") {
        await ask(ports.cart ?? 0);
      } else {
        arrived.open();
        await release.promise;
      }
      res.end();
    });
    const variants = { "storefront:stable": storefront.url, "cart:stable": cart.url };
    const { edge, gateway } = await openWorld(t, tableOf({ variants }));
    const where = { host: "127.0.0.1", port: 0 };
    const mesh = await gateway.listenMesh({
      caller: "storefront:stable",
      callee: "cart",
      ...where,
    });
    ports.cart = mesh.port;
    const headers = { "x-route-trace": "on", "x-service-route": "cart:mp-1" };
    const routed = ask(edge.port, { headers });
    await arrived.promise;
    assert.equal((await ask(edge.port, { path: "/unrouted" })).status, 200);
    release.open();
    assert.doesNotMatch(String((await routed).headers["x-route-trace"]), /lost/);
  });

  it("is part of refusals too", async (t) => {
    const { ask } = await openShop(t);
    const headers = {
      "x-route-trace": "on",
      "x-route-mode": "strict",
      "x-service-route": "storefront:gone",
    };
    const answer = await ask({ headers });
    assert.equal(answer.status, 424);
    assert.match(String(answer.headers["x-route-trace"]), /missed="storefront:gone"/);
  });

  it("replaces the served header of a variant", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.writeHead(200, { "x-route-served": "cart:evil", "x-route-trace": '"evil";via=pin' });
      res.end();
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const answer = await rawExchange(
      t,
      edge.port,
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert.doesNotMatch(answer, /evil/);
  });
});

describe("header names", () => {
  it("are configurable", async (t) => {
    const variant = await serve(t, echo("branch"));
    const headerNames = {
      pins: "x-pins",
      environment: "x-env",
      mode: "x-mode",
      trace: "x-trace",
      served: "x-served",
    };
    const table = tableOf({
      variants: { "storefront:stable": "http://127.0.0.1:9", "storefront:mp-1": variant.url },
    });
    const { edge } = await openWorld(t, table, { headerNames });
    const answer = await ask(edge.port, {
      headers: { "x-pins": "storefront:mp-1", "x-trace": "on" },
    });
    assert.equal(answer.headers["x-served"], "storefront:mp-1");
    assert.match(String(answer.headers["x-trace"]), /via=pin/);
  });
});
