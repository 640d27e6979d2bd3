import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Body, bodyOf, json, post, readBody } from "./json.ts";
import { hasPython, type RunningService, shop, startService } from "./running-service.ts";
import { startStub } from "./stub-peer.ts";

const route = {
  "x-service-route": "payment-service:mp-101::cart-service:mp-102",
  "x-source-route": "ops-101",
  "x-route-mode": "strict",
  baggage: "tenant=7",
};
const routeText = "payment-service:mp-101::cart-service:mp-102;environment=ops-101;mode=strict";

function servicesOf(body: Body): readonly string[] {
  return (body.answeredBy ?? []).map(({ service }) => service);
}

const noPython = hasPython() ? false : "there is no python3 here";
const services = [
  ["storefront", false],
  ["cart-service", false],
  ["order-service", false],
  ["payment-service", false],
  ["notification-service", false],
  ["recommendation-service", noPython],
] as const;

for (const [service, skip] of services) {
  test(`${service} says who it is, and ends when told`, { skip }, async () => {
    await using running = await startService(service, { COCKTAIL_VARIANT: "mp-7" });
    const version = readFileSync(join(shop, service, "VERSION"), "utf8").trim();
    const self = { service, variant: "mp-7", version };
    assert.deepEqual(await json(`${running.url}/healthz`), { status: 200, body: { ok: true } });
    assert.deepEqual(await json(`${running.url}/version`), { status: 200, body: self });
    assert.equal((await json(`${running.url}/nowhere`)).status, 404);
    assert.equal(await running.stop(), 0, running.output());
  });
}

test("the cart adds up", async () => {
  await using cart = await startService("cart-service");
  const { body } = await json(`${cart.url}/cart`);
  const items = body.items ?? [];
  const total = items.reduce((sum, item) => sum + item.quantity * item.priceCents, 0);
  assert.equal(body["totalCents"], total);
  assert.deepEqual(body.answeredBy, [
    { service: "cart-service", variant: "alone", version: "1.0.0" },
  ]);
});

test("a payment has a fee and its own id", async () => {
  await using payment = await startService("payment-service");
  const paid = await json(`${payment.url}/payments`, post({ amountCents: 5_350 }));
  assert.equal(paid.status, 201);
  assert.deepEqual(
    [paid.body["amountCents"], paid.body["feeCents"], paid.body["method"]],
    [5_350, 132, "card"],
  );
  const again = await json(`${payment.url}/payments`, post({ amountCents: 5_350 }));
  assert.notEqual(again.body["id"], paid.body["id"]);
});

test("what is no JSON is refused, and the service lives on", async () => {
  for (const [service, path] of [
    ["payment-service", "/payments"],
    ["notification-service", "/notifications"],
  ] as const) {
    await using running = await startService(service);
    const headers = { "content-type": "application/json" };
    const bad = await fetch(running.url + path, { method: "POST", body: "{", headers });
    assert.equal(bad.status, 400, service);
    assert.match(bad.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.deepEqual((await readBody(bad))["title"], "Bad Request");
    const long = await json(running.url + path, post({ text: "x".repeat(2_000_000) }));
    assert.equal(long.status, 413, service);
    assert.equal((await json(running.url + path, post({}))).status, 201, service);
  }
});

test("each service counts its visits by route, and doesn't count being asked for them", async () => {
  await using payment = await startService("payment-service");
  await using notification = await startService("notification-service");
  for (const [{ url }, path] of [
    [payment, "/payments"],
    [notification, "/notifications"],
  ] as const) {
    await json(url + path, post({ text: "" }));
    await json(url + path, post({ text: "" }, route));
    await json(url + path, post({ text: "" }, route));
    await json(`${url}/visits`);
    const { body } = await json(`${url}/visits`);
    assert.deepEqual(body.visits, [
      { route: "", count: 1 },
      { route: routeText, count: 2 },
    ]);
  }
});

test("an order takes the money, tells the customer, and its calls carry the route", async () => {
  await using payment = await startStub({ status: 201, body: { method: "card", answeredBy: [] } });
  await using notification = await startStub({ status: 201, body: { channel: "email" } });
  await using order = await startService("order-service", {
    PAYMENT_SERVICE_URL: payment.url,
    NOTIFICATION_SERVICE_URL: notification.url,
    COCKTAIL_HOSTS: `${payment.host},${notification.host}`,
  });
  const placed = await json(`${order.url}/orders`, post({ totalCents: 5_350 }, route));
  assert.equal(placed.status, 201);
  assert.equal(placed.body["totalCents"], 5_350);
  for (const [peer, line] of [
    [payment, "POST /payments"],
    [notification, "POST /notifications"],
  ] as const) {
    assert.deepEqual(
      peer.seen.map((one) => one.line),
      [line],
    );
    const headers = peer.seen[0]?.headers ?? {};
    assert.equal(headers["x-service-route"], route["x-service-route"]);
    assert.equal(headers["x-source-route"], "ops-101");
    assert.match(String(headers["baggage"]), /source-route=ops-101/);
  }
});

test("a service whose code knows no routes carries them all the same", async () => {
  await using recommendations = await startStub({ body: { items: [{ title: "Bar spoon" }] } });
  await using notification = await startService("notification-service", {
    RECOMMENDATION_SERVICE_URL: recommendations.url,
    COCKTAIL_HOSTS: recommendations.host,
  });
  const url = `${notification.url}/notifications`;
  const sent = await json(url, post({ text: "Thanks." }, route));
  assert.equal(sent.body["text"], "Thanks. You may also like: Bar spoon.");
  await json(url, post({ text: "Thanks." }));
  const routes = recommendations.seen.map(({ headers }) => headers["x-service-route"]);
  assert.deepEqual(routes, [route["x-service-route"], undefined]);
});

test("the customer is told also when nobody has a recommendation", async () => {
  await using recommendations = await startStub({ status: 503, body: {} });
  await using notification = await startService("notification-service", {
    RECOMMENDATION_SERVICE_URL: recommendations.url,
  });
  const sent = await json(`${notification.url}/notifications`, post({ text: "Thanks." }));
  assert.deepEqual([sent.status, sent.body["text"]], [201, "Thanks."]);
});

test("a refusal that names a variant reaches the customer word for word", async () => {
  const problem = {
    title: "VariantUnavailable",
    status: 503,
    detail: "payment-service:mp-101 refuses connections",
    code: "VariantUnavailable",
  };
  await using payment = await startStub({ status: 503, body: problem });
  await using cart = await startStub({ body: { totalCents: 5_350, items: [] } });
  await using order = await startService("order-service", { PAYMENT_SERVICE_URL: payment.url });
  await using storefront = await startService("storefront", {
    ORDER_SERVICE_URL: order.url,
    CART_SERVICE_URL: cart.url,
  });
  const refused = await fetch(`${storefront.url}/api/checkout`, { method: "POST" });
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.deepEqual(await refused.json(), problem);
});

test("a neighbour that is not there is a refusal too", async () => {
  await using closed = await startStub({ body: {} });
  const url = closed.url;
  await closed[Symbol.asyncDispose]();
  await using order = await startService("order-service", { PAYMENT_SERVICE_URL: url });
  const refused = await json(`${order.url}/orders`, post({ totalCents: 1 }));
  assert.deepEqual([refused.status, refused.body["title"]], [502, "Unreachable"]);
  assert.match(String(refused.body["detail"]), /^payment-service: .*ECONNREFUSED/);
  await using alone = await startService("order-service");
  const absent = await json(`${alone.url}/orders`, post({ totalCents: 1 }));
  assert.deepEqual([absent.status, absent.body["title"]], [503, "NotHere"]);
});

test("the page shows who answered, what failed, and markup as text", async () => {
  const item = { title: `<img src=x onerror="alert(1)">`, priceCents: 150, quantity: 2 };
  const answeredBy = [{ service: "cart-service", variant: "mp-102", version: "1.1.0" }];
  const headers = { "x-route-served": "cart-service:mp-102" };
  await using cart = await startStub({
    headers,
    body: { items: [item], totalCents: 300, answeredBy },
  });
  await using recommendations = await startStub({
    status: 503,
    body: { title: "VariantUnavailable", detail: "recommendation-service:<b>rc" },
  });
  await using storefront = await startService("storefront", {
    CART_SERVICE_URL: cart.url,
    RECOMMENDATION_SERVICE_URL: recommendations.url,
  });
  const response = await fetch(storefront.url, { headers: { "x-source-route": `"><script>` } });
  const page = await response.text();
  assert.equal(response.status, 200);
  assert.match(page, /class="badge branch">cart-service<b>:mp-102<\/b> <small>1\.1\.0<\/small>/);
  assert.match(page, /<b>503 VariantUnavailable<\/b> recommendation-service:&lt;b&gt;rc/);
  assert.match(page, /&lt;img src=x onerror=&quot;alert\(1\)&quot;&gt; &times; 2/);
  assert.match(page, /environment=&quot;&gt;&lt;script&gt;/);
  const nonce = /'nonce-([^']+)'/.exec(response.headers.get("content-security-policy") ?? "")?.[1];
  assert.ok(nonce !== undefined && page.includes(`<script nonce="${nonce}">`));
  const { body } = await json(`${storefront.url}/api/home`);
  assert.deepEqual(
    body.answeredBy?.map(({ service, served }) => [service, served]),
    [
      ["storefront", undefined],
      ["cart-service", "cart-service:mp-102"],
    ],
  );
});

test(
  "the Python service forwards every route header by hand, and nothing else",
  { skip: noPython },
  async () => {
    const trace = `"cart-service";variant="mp-102";via=pin;caller="recommendation-service:stable"`;
    const body = {
      items: [{ sku: "shaker" }],
      answeredBy: [{ service: "cart-service", variant: "mp-102", version: "1" }],
    };
    const headers = { "x-route-trace": trace, "x-route-served": "cart-service:mp-102" };
    await using cart = await startStub({ headers, body });
    await using python = await startService("recommendation-service", {
      CART_SERVICE_URL: cart.url,
      HTTP_PROXY: "http://127.0.0.1:9",
      http_proxy: "http://127.0.0.1:9",
    });
    const sent = {
      ...route,
      "x-route-trace": "on",
      "x-route-new": "1",
      authorization: "secret",
      "x-other": "1",
    };
    const response = await fetch(`${python.url}/recommendations`, { headers: sent });
    assert.equal(response.headers.get("x-route-trace"), trace);
    const answer = await readBody(response);
    assert.deepEqual(
      answer.items?.map(({ sku }) => sku),
      ["jigger", "spoon", "muddler"],
    );
    assert.equal(answer.answeredBy?.[1]?.served, "cart-service:mp-102");
    const got = cart.seen[0]?.headers ?? {};
    for (const [name, value] of Object.entries(route)) assert.equal(got[name], value, name);
    assert.deepEqual([got["x-route-trace"], got["x-route-new"]], ["on", "1"]);
    assert.deepEqual([got["authorization"], got["x-other"]], [undefined, undefined]);
    const untraced = await fetch(`${python.url}/recommendations`, { headers: route });
    assert.equal(untraced.headers.get("x-route-trace"), null);
    const { body: visited } = await json(`${python.url}/visits`);
    assert.deepEqual(visited.visits, [{ route: routeText, count: 2 }]);
  },
);

test("the Python service hands on a refusal word for word", { skip: noPython }, async () => {
  const problem = {
    title: "VariantUnavailable",
    status: 503,
    detail: "cart-service:mp-102 refuses connections",
  };
  const trace = `"cart-service";variant="mp-102";via=pin;caller="recommendation-service:stable"`;
  const headers = { "x-route-trace": trace };
  await using cart = await startStub({ status: 503, headers, body: problem });
  await using python = await startService("recommendation-service", { CART_SERVICE_URL: cart.url });
  const traced = { headers: { "x-route-trace": "on" } };
  const refused = await fetch(`${python.url}/recommendations`, traced);
  assert.deepEqual([refused.status, await readBody(refused)], [503, problem]);
  assert.equal(refused.headers.get("x-route-trace"), trace, "the hop that refused is told too");
});

test(
  "the whole shop, side by side: an order carries its route to the last service",
  { skip: noPython },
  async () => {
    await using stack = new AsyncDisposableStack();
    const begin = async (
      service: string,
      peers: Readonly<Record<string, RunningService>> = {},
    ): Promise<RunningService> => {
      const urls = Object.entries(peers).map(([name, { url }]) => [`${name}_URL`, url] as const);
      const hosts = urls.map(([, url]) => new URL(url).host).join(",");
      return stack.use(
        await startService(service, { ...Object.fromEntries(urls), COCKTAIL_HOSTS: hosts }),
      );
    };
    const CART_SERVICE = await begin("cart-service");
    const PAYMENT_SERVICE = await begin("payment-service");
    const RECOMMENDATION_SERVICE = await begin("recommendation-service", { CART_SERVICE });
    const NOTIFICATION_SERVICE = await begin("notification-service", { RECOMMENDATION_SERVICE });
    const ORDER_SERVICE = await begin("order-service", { PAYMENT_SERVICE, NOTIFICATION_SERVICE });
    const peers = {
      CART_SERVICE,
      RECOMMENDATION_SERVICE,
      ORDER_SERVICE,
      PAYMENT_SERVICE,
      NOTIFICATION_SERVICE,
    };
    const storefront = await begin("storefront", peers);
    const order = await json(`${storefront.url}/api/checkout`, { method: "POST", headers: route });
    assert.equal(order.status, 201);
    const chain = [
      "storefront",
      "cart-service",
      "order-service",
      "payment-service",
      "notification-service",
      "recommendation-service",
      "cart-service",
    ];
    assert.deepEqual(servicesOf(order.body), chain);
    const home = await json(`${storefront.url}/api/home`, { headers: route });
    assert.deepEqual(servicesOf(home.body), [
      "storefront",
      "cart-service",
      "recommendation-service",
      "cart-service",
    ]);
    const { body } = await json(`${storefront.url}/api/visits`);
    const counts = new Map([
      ["storefront", 2],
      ["cart-service", 4],
      ["recommendation-service", 2],
      ["order-service", 1],
      ["payment-service", 1],
      ["notification-service", 1],
    ]);
    assert.deepEqual(new Set(Object.keys(body)), new Set(counts.keys()));
    for (const [service, count] of counts) {
      const { visits } = bodyOf(body[service]);
      const routed = visits?.filter((visit) => visit.route !== "");
      assert.deepEqual(routed, [{ route: routeText, count }], service);
    }
  },
);
