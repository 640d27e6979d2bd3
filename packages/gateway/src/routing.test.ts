import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openShop } from "../test/shop.ts";
import {
  ask,
  type Asked,
  echo,
  echoed,
  gate,
  openWorld,
  problemOf,
  serve,
  tableOf,
  valuesOf,
} from "../test/world.ts";

const pins = (value: string): Asked => ({ headers: { "x-service-route": value } });
const environment = (value: string): Asked => ({ headers: { "x-source-route": value } });

describe("the edge", { concurrency: 4 }, () => {
  it("sends a request without a route to stable", async (t) => {
    const { ask } = await openShop(t);
    const answer = await ask();
    assert.equal(echoed(answer).name, "storefront:stable");
    assert.equal(answer.headers["x-route-served"], "storefront:stable");
    assert.equal(answer.headers["x-route-trace"], undefined);
  });

  it("follows pins and environments, from headers and from baggage", async (t) => {
    const { who } = await openShop(t);
    assert.equal(await who(pins("storefront:mp-101")), "storefront:mp-101");
    assert.equal(await who(pins("cart:mp-101")), "storefront:stable");
    assert.equal(await who(environment("mp-102")), "storefront:mp-102");
    assert.equal(await who({ ...environment("mp-102"), host: "cart.localhost" }), "cart:mp-101");
    assert.equal(
      await who({ headers: { baggage: "service-route=storefront%3Amp-101" } }),
      "storefront:mp-101",
    );
    assert.equal(
      await who({ headers: { baggage: "source-route=mp-102,other=1" } }),
      "storefront:mp-102",
    );
  });

  it("matches a key exactly, never as a prefix", async (t) => {
    const { who } = await openShop(t);
    for (const value of [
      "storefront:mp-10",
      "storefront:mp-1011",
      "my-storefront:mp-101",
      "storefront:mp-101-x",
    ]) {
      assert.equal(await who(pins(value)), "storefront:stable", value);
    }
  });

  it("joins repeated lines of a route header", async (t) => {
    const { who } = await openShop(t);
    const headers = ["X-Service-Route", "cart:mp-101", "x-service-route", "storefront:mp-101"];
    assert.equal(await who({ headers }), "storefront:mp-101");
  });

  it("forwards the route once, in its canonical form, and mirrors it in baggage", async (t) => {
    const { ask } = await openShop(t);
    const answer = await ask({
      headers: [
        "X-Service-Route",
        "STOREFRONT:mp-101, bad pin",
        "X-Service-Route",
        "cart:mp-101",
        "x-source-route",
        "MP-102",
        "x-route-mode",
        "fallback",
        "baggage",
        "other=1,service-route=cart%3Aevil",
      ],
    });
    const { rawHeaders } = echoed(answer);
    assert.deepEqual(valuesOf(rawHeaders, "x-service-route"), ["storefront:mp-101::cart:mp-101"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-source-route"), ["mp-102"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-route-mode"), []);
    assert.deepEqual(valuesOf(rawHeaders, "baggage"), [
      "other=1,service-route=storefront%3Amp-101%3A%3Acart%3Amp-101,source-route=mp-102",
    ]);
  });

  it("drops a route header of which nothing is accepted, and its baggage member", async (t) => {
    const { ask } = await openShop(t);
    const answer = await ask({
      headers: { "x-service-route": "nonsense", baggage: "service-route=cart%3Amp-101" },
    });
    const { rawHeaders } = echoed(answer);
    assert.deepEqual(valuesOf(rawHeaders, "x-service-route"), []);
    assert.deepEqual(valuesOf(rawHeaders, "baggage"), []);
  });

  it("drops message metadata, served headers and look-alikes from outside", async (t) => {
    const { ask } = await openShop(t);
    const forged = {
      "x-route-epoch": "9-0",
      "x-message-id": "1",
      "x-route-origin": "cron",
      "x-route-served": "a:b",
      x_service_route: "storefront:mp-101",
      "X-Source_Route": "mp-101",
      content_length: "9",
    };
    const answer = await ask({ headers: forged });
    const { name, rawHeaders } = echoed(answer);
    assert.equal(name, "storefront:stable");
    for (const header of Object.keys(forged))
      assert.deepEqual(valuesOf(rawHeaders, header.toLowerCase()), [], header);
    assert.equal(answer.headers["x-route-served"], "storefront:stable");
  });

  it("keeps Host, and replaces the forwarding headers of the client", async (t) => {
    const { ask } = await openShop(t);
    const answer = await ask({
      host: "Storefront.localhost:1234",
      headers: {
        "x-forwarded-for": "6.6.6.6",
        "x-forwarded-host": "evil",
        "x-forwarded-proto": "https",
        forwarded: "for=6.6.6.6",
        "x-forwarded-prefix": "/evil",
        "x-real-ip": "6.6.6.6",
      },
    });
    const { rawHeaders } = echoed(answer);
    assert.deepEqual(valuesOf(rawHeaders, "host"), ["Storefront.localhost:1234"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-forwarded-for"), ["127.0.0.1"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-forwarded-host"), ["Storefront.localhost:1234"]);
    assert.deepEqual(valuesOf(rawHeaders, "x-forwarded-proto"), ["http"]);
    assert.deepEqual(valuesOf(rawHeaders, "forwarded"), [
      'for=127.0.0.1;host="Storefront.localhost:1234";proto=http',
    ]);
    assert.doesNotMatch(rawHeaders.join(), /evil|6\.6\.6\.6/);
  });

  it("answers strict routes with 424 when anything was rejected or is not live", async (t) => {
    const { ask, who } = await openShop(t);
    const strict = (headers: Record<string, string>): Asked => ({
      headers: { "x-route-mode": "strict", ...headers },
    });
    assert.equal(
      await who(strict({ "x-service-route": "storefront:mp-101" })),
      "storefront:mp-101",
    );
    const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ "x-service-route": "storefront:gone" }, /^storefront:gone$/],
      [{ "x-service-route": "payment:gone" }, /^payment:gone$/],
      [{ "x-service-route": "bad pin" }, /MalformedPin/],
      [{ "x-source-route": "unknown" }, /^environment unknown$/],
      [{ "x-source-route": "ops-9" }, /^storefront:gone of environment ops-9$/],
    ];
    for (const [headers, missed] of cases) {
      const answer = await ask(strict(headers));
      const problem = problemOf(answer);
      assert.deepEqual([answer.status, problem.code], [424, "StrictMiss"]);
      assert.match(problem.missed?.join() ?? "", missed);
      assert.equal(answer.headers["x-route-served"], undefined);
    }
    const echo = echoed(await ask(strict({ "x-service-route": "storefront:mp-101" })));
    assert.deepEqual(valuesOf(echo.rawHeaders, "x-route-mode"), ["strict"]);
  });

  it("names the variant that refuses connections, and does not fall back to stable", async (t) => {
    const dead = await serve(t, () => undefined);
    const destination = dead.url;
    await new Promise((resolve) => dead.close(resolve));
    const stable = await serve(t, echo("stable"));
    const table = tableOf({
      variants: { "storefront:stable": stable.url, "storefront:mp-101": destination },
    });
    const { edge } = await openWorld(t, table);
    const answer = await ask(edge.port, pins("storefront:mp-101"));
    const problem = problemOf(answer);
    assert.deepEqual(
      [answer.status, problem.code, problem.variant],
      [503, "VariantUnavailable", "storefront:mp-101"],
    );
    assert.match(problem.detail, /storefront:mp-101 refuses connections/);
    assert.match(problem.fix, /output of storefront:mp-101/);
    assert.equal(answer.headers["content-type"], "application/problem+json");
  });

  it("distinguishes a service without a variant from an unknown one", async (t) => {
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "cart:mp-101": "http://127.0.0.1:9" } }),
    );
    assert.equal(problemOf(await ask(edge.port)).code, "NoVariant");
    const mesh = await gateway.listenMesh({
      caller: "cart:stable",
      callee: "unknown",
      host: "127.0.0.1",
      port: 0,
    });
    assert.equal(problemOf(await ask(mesh.port)).code, "UnknownService");
    const noStable = await gateway.listenMesh({
      caller: "x:stable",
      callee: "cart",
      host: "127.0.0.1",
      port: 0,
    });
    assert.match(problemOf(await ask(noStable.port)).fix, /cart:mp-101/);
  });

  it("resolves a request in the table held when its head arrives, and the next one in the next", async (t) => {
    const arrived = gate();
    const release = gate();
    const old = await serve(t, async (req, res) => {
      arrived.open();
      await release.promise;
      echo("old")(req, res);
    });
    const fresh = await serve(t, echo("new"));
    const { edge, publish, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": old.url } }),
    );
    const first = ask(edge.port);
    await arrived.promise;
    publish(tableOf({ variants: { "storefront:stable": fresh.url }, epoch: 2 }));
    assert.equal(gateway.table().epoch, 2);
    assert.equal(echoed(await ask(edge.port)).name, "new");
    release.open();
    assert.equal(echoed(await first).name, "old");
  });
});
