import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { environments, openShop } from "../test/shop.ts";
import { ask, echoed, openWorld, problemOf, serve, tableOf, valuesOf } from "../test/world.ts";

describe("hosts and cookies at the edge", { concurrency: 4 }, () => {
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

  it("takes the environment of the page that sent a request, behind host and cookie", async (t) => {
    const { who } = await openShop(t);
    const origin = "http://mp-101.cart.localhost:8080";
    assert.equal(await who({ headers: { origin } }), "storefront:mp-101");
    assert.equal(await who({ headers: { referer: `${origin}/page?x` } }), "storefront:mp-101");
    // A page that has an Origin is that page, whatever else it says.
    const page = { origin: "http://localhost:8080", referer: `${origin}/` };
    assert.equal(await who({ headers: page }), "storefront:stable");
    assert.equal(await who({ host: "mp-102.localhost", headers: { origin } }), "storefront:mp-102");
    const cookie = "cocktail-route=mp-102";
    assert.equal(await who({ headers: { origin, cookie } }), "storefront:mp-102");
    assert.equal(
      await who({ headers: { origin: "http://mp-101.localhost" } }),
      "storefront:mp-101",
    );
    for (const foreign of [
      "null",
      "http://mp-101.example.org",
      "http://mp-101.evil-localhost",
      "http://nowhere.localhost",
      "http://mp-101.nowhere.localhost",
      "http://cart.localhost",
      "not a URL",
    ])
      assert.equal(await who({ headers: { origin: foreign } }), "storefront:stable", foreign);
  });

  it("says by which headers the variant was chosen, with the variant's own Vary", async (t) => {
    const variant = await serve(t, (req, res) => {
      if (req.url === "/own") res.setHeader("Vary", ["Accept-Encoding", "Accept-Language"]);
      res.end("ok");
    });
    const variants = { "storefront:stable": variant.url, "storefront:mp-101": variant.url };
    const { edge } = await openWorld(t, tableOf({ variants, environments: environments }));
    const route = "x-service-route, x-source-route, x-route-mode, baggage";
    const other = `${route}, cookie, origin, referer`;
    const vary = async (path: string, host: string): Promise<readonly string[]> =>
      valuesOf((await ask(edge.port, { path, host })).rawHeaders, "vary");
    assert.deepEqual(await vary("/", "storefront.localhost"), [other]);
    assert.deepEqual(await vary("/own", "storefront.localhost"), [
      `Accept-Encoding, Accept-Language, ${other}`,
    ]);
    assert.deepEqual(await vary("/", "mp-101.localhost"), [route]);
  });

  it("forwards the environment of host and cookie as a header", async (t) => {
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
    "localhost:": [200, "storefront:stable"],
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

  it("accepts an address as the domain only if the domain is localhost", async (t) => {
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

  it("routes a CORS preflight by host, allows route headers, and exposes the served header", async (t) => {
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

  it("leaves requests of other sites' pages to the service, and lets their links enter an environment", async (t) => {
    const { ask } = await openShop(t);
    const page = { origin: "http://evil.example", "sec-fetch-site": "cross-site" };
    const { rawHeaders } = echoed(await ask({ method: "POST", headers: page }));
    assert.deepEqual(valuesOf(rawHeaders, "origin"), [page.origin]);
    assert.deepEqual(valuesOf(rawHeaders, "sec-fetch-site"), ["cross-site"]);
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    const path = "/.well-known/cocktail/enter?environment=mp-101";
    const entered = await ask({ path, headers: link });
    assert.match(String(entered.headers["set-cookie"]), /^cocktail-route=mp-101;/);
  });

  it("enters and leaves an environment through its own pages", async (t) => {
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
});
