import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { environments, openShop, type Shop } from "../test/shop.ts";
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

  it("obeys pins and environments, from headers and from baggage", async (t) => {
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

  it("lets no key match a longer one", async (t) => {
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

  it("hands the route on once, in its canonical form, and mirrors it in baggage", async (t) => {
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

  it("drops stamps of messages, served headers and look-alikes from outside", async (t) => {
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

  it("keeps Host, and says itself who asked: nothing from outside survives", async (t) => {
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

  it("takes the environment from the header, then the host, then the cookie", async (t) => {
    const { who } = await openShop(t);
    const cookie = "a=b; cocktail-route=mp-101; c=d";
    assert.equal(await who({ headers: { cookie } }), "storefront:mp-101");
    assert.equal(await who({ host: "mp-102.localhost", headers: { cookie } }), "storefront:mp-102");
    assert.equal(
      await who({ host: "mp-102.localhost", headers: { cookie, "x-source-route": "mp-101" } }),
      "storefront:mp-101",
    );
    assert.equal(await who({ host: "stable.localhost", headers: { cookie } }), "storefront:stable");
    assert.equal(
      await who({ host: "mp-102.localhost", headers: { "x-source-route": "a,b" } }),
      "storefront:stable",
    );
    assert.equal(await who({ headers: { "x-source-route": "", cookie } }), "storefront:stable");
    assert.equal(await who({ headers: { cookie: "cocktail-route=No Such" } }), "storefront:stable");
    assert.equal(
      await who({ headers: { cookie: "cocktail-route-x=mp-101" } }),
      "storefront:stable",
    );
  });

  it("hands the environment of host and cookie on as a header", async (t) => {
    const { ask } = await openShop(t);
    const byHost = echoed(await ask({ host: "mp-101.cart.localhost:8080" }));
    assert.deepEqual(
      [byHost.name, valuesOf(byHost.rawHeaders, "x-source-route")],
      ["cart:mp-101", ["mp-101"]],
    );
    const byCookie = echoed(await ask({ headers: { cookie: "cocktail-route=mp-101" } }));
    assert.deepEqual(valuesOf(byCookie.rawHeaders, "x-source-route"), ["mp-101"]);
    assert.deepEqual(valuesOf(byCookie.rawHeaders, "cookie"), ["cocktail-route=mp-101"]);
  });

  const hosts: Readonly<Record<string, readonly [status: number, what: string]>> = {
    localhost: [200, "storefront:stable"],
    "LOCALHOST.:80": [200, "storefront:stable"],
    "127.0.0.1:8080": [200, "storefront:stable"],
    "[::1]:8080": [200, "storefront:stable"],
    "storefront.localhost": [200, "storefront:stable"],
    "cart.localhost": [200, "cart:stable"],
    "mp-101.localhost": [200, "storefront:mp-101"],
    "mp-102.cart.localhost": [200, "cart:mp-101"],
    "payment.localhost": [404, "NotAnEntry"],
    "mp-101.payment.localhost": [404, "NotAnEntry"],
    "nothing.localhost": [404, "UnknownHost"],
    "nothing.cart.localhost": [404, "UnknownEnvironment"],
    "a.b.c.localhost": [404, "UnknownHost"],
    "constructor.localhost": [404, "UnknownHost"],
    "__proto__.cart.localhost": [400, "MalformedRequest"],
    "example.com": [421, "OutsideDomain"],
    "storefront.localhost.example.com": [421, "OutsideDomain"],
    notlocalhost: [421, "OutsideDomain"],
  };
  for (const [host, [status, what]] of Object.entries(hosts)) {
    it(`answers ${host} with ${status} ${what}`, async (t) => {
      const { ask } = await openShop(t);
      const answer = await ask({ host });
      assert.equal(answer.status, status);
      assert.equal(status === 200 ? echoed(answer).name : problemOf(answer).code, what);
    });
  }

  it("takes an address for the domain only where the domain is localhost", async (t) => {
    const settings = {
      domain: "dev.example.com",
      services: { storefront: { entry: true, protocol: "auto" as const } },
    };
    const { ask } = await openShop(t, { settings });
    assert.equal(problemOf(await ask({ host: "127.0.0.1" })).code, "OutsideDomain");
    assert.equal(
      echoed(await ask({ host: "storefront.dev.example.com" })).name,
      "storefront:stable",
    );
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

  it("names the variant that refuses connections, and never falls back to stable", async (t) => {
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
    assert.match(problem.fix, /cocktail logs storefront:mp-101/);
    assert.equal(answer.headers["content-type"], "application/problem+json");
  });

  it("tells a service without a variant from an unknown one", async (t) => {
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

  it("routes a CORS preflight by host, lets route headers through, and exposes who served", async (t) => {
    const variant = await serve(t, (_req, res) => {
      res.writeHead(204, {
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "x-own",
      });
      res.end();
    });
    const table = tableOf({
      variants: { "cart:stable": "http://127.0.0.1:9", "cart:mp-101": variant.url },
      environments,
    });
    const { edge } = await openWorld(t, table);
    const origin = "http://mp-101.localhost:8080";
    const preflight = await ask(edge.port, {
      method: "OPTIONS",
      host: "mp-101.cart.localhost",
      headers: {
        origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "x-service-route",
      },
    });
    assert.deepEqual([preflight.status, preflight.headers["x-route-served"]], [204, "cart:mp-101"]);
    const allowed = preflight.headers["access-control-allow-headers"] ?? "";
    for (const name of ["x-own", "x-service-route", "x-source-route", "x-route-trace"])
      assert.ok(allowed.includes(name), name);
    const answer = await ask(edge.port, { host: "mp-101.cart.localhost", headers: { origin } });
    assert.match(String(answer.headers["access-control-expose-headers"]), /x-route-served/);
    assert.equal(answer.headers["access-control-allow-headers"], "x-own");
  });

  it("enters and leaves an environment by a page of its own", async (t) => {
    const { ask } = await openShop(t);
    const page = "/.well-known/cocktail";
    const enter = await ask({ path: `${page}/enter?environment=mp-101&to=/cart%3Fa=b` });
    assert.deepEqual([enter.status, enter.headers.location], [303, "/cart?a=b"]);
    assert.deepEqual(enter.headers["set-cookie"], [
      "cocktail-route=mp-101; Path=/; HttpOnly; SameSite=Lax",
    ]);
    const leave = await ask({ path: `${page}/leave` });
    assert.deepEqual([leave.status, leave.headers.location], [303, "/"]);
    assert.match(String(leave.headers["set-cookie"]), /^cocktail-route=; Max-Age=0;/);
    assert.equal(
      problemOf(await ask({ path: `${page}/enter?environment=unknown` })).code,
      "UnknownEnvironment",
    );
    assert.equal(problemOf(await ask({ path: `${page}/enter` })).code, "UnknownEnvironment");
    assert.equal(problemOf(await ask({ path: `${page}/other` })).code, "NoSuchPage");
    const posted = await ask({ method: "POST", path: `${page}/enter?environment=mp-101` });
    assert.equal(posted.status, 405);
    for (const to of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "/a%0d%0ab",
      "evil",
      "",
    ]) {
      const unsafe = await ask({ path: `${page}/enter?environment=mp-101&to=${to}` });
      assert.equal(unsafe.headers.location, "/", to);
    }
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
    assert.equal(gateway.epoch(), 2);
    assert.equal(echoed(await ask(edge.port)).name, "new");
    release.open();
    assert.equal(echoed(await first).name, "old");
  });
});

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

  it("answers any host for its callee, and leaves the route as it came", async (t) => {
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

  it("knows no cookie and no page of its own", async (t) => {
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

  it("adds itself to who asked", async (t) => {
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

  it("answers 424 to a strict route only for what it has missed of its own callee", async (t) => {
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
