import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { openShop, type Shop } from "../test/shop.ts";
import { ask, type Asked, echoed, problemOf, valuesOf } from "../test/world.ts";

describe("a mesh listener", { concurrency: 4 }, () => {
  const mesh = async (t: TestContext): Promise<Shop & { port: number }> => {
    const world = await openShop(t);
    const where = { host: "127.0.0.1", port: 0 };
    const { port } = await world.gateway.listenMesh({
      caller: "storefront:stable",
      callee: "cart",
      ...where,
    });
    return { ...world, port };
  };

  it("accepts any host for its callee, and leaves the route unchanged", async (t) => {
    const { port } = await mesh(t);
    const headers = [
      "X-Service-Route",
      "CART:mp-101, bad pin",
      "x-route-epoch",
      "7-0",
      "baggage",
      "a=1,service-route=cart%3Aevil",
    ];
    const { name, rawHeaders } = echoed(await ask(port, { host: "127.0.0.1:99", headers }));
    assert.equal(name, "cart:mp-101");
    assert.deepEqual(valuesOf(rawHeaders, "x-service-route"), ["CART:mp-101, bad pin"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-route-epoch"), ["7-0"]);
    assert.deepEqual(valuesOf(rawHeaders, "baggage"), ["a=1,service-route=cart%3Aevil"]);
    assert.equal(
      echoed(await ask(port, { headers: { baggage: "source-route=mp-101" } })).name,
      "cart:mp-101",
    );
  });

  it("ignores the cookie and has no pages of its own", async (t) => {
    const { port } = await mesh(t);
    assert.equal(
      echoed(await ask(port, { headers: { cookie: "cocktail-route=mp-101" } })).name,
      "cart:stable",
    );
    assert.equal(
      echoed(await ask(port, { path: "/.well-known/cocktail/enter" })).name,
      "cart:stable",
    );
  });

  it("appends to the forwarding headers", async (t) => {
    const { port } = await mesh(t);
    const headers = {
      "x-forwarded-for": "9.9.9.9",
      "x-forwarded-host": "shop",
      "x-forwarded-proto": "https",
      forwarded: "for=9.9.9.9",
    };
    const { rawHeaders } = echoed(await ask(port, { host: "cart", headers }));
    assert.deepEqual(valuesOf(rawHeaders, "x-forwarded-for"), ["9.9.9.9, 127.0.0.1"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-forwarded-host"), ["shop"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-forwarded-proto"), ["https"]);
    assert.deepEqual(valuesOf(rawHeaders, "forwarded"), [
      'for=9.9.9.9, for=127.0.0.1;host="cart";proto=http',
    ]);
  });

  it("answers 424 to a strict route only for misses of its own callee", async (t) => {
    const { port } = await mesh(t);
    const strict = (route: string): Asked => ({
      headers: { "x-route-mode": "strict", "x-service-route": route },
    });
    assert.equal((await ask(port, strict("payment:gone"))).status, 200);
    const answer = await ask(port, strict("cart:gone"));
    assert.deepEqual([answer.status, problemOf(answer).missed], [424, ["cart:gone"]]);
    assert.equal(
      (await ask(port, { headers: { "x-route-mode": "strict", "x-source-route": "unknown" } }))
        .status,
      200,
    );
  });
});
