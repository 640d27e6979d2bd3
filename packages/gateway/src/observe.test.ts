import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Writable } from "node:stream";
import { pino } from "pino";
import { Registry } from "prom-client";
import { until } from "@cocktail/test-support";
import { fetch2, session } from "../test/http2-client.ts";
import {
  ask,
  echo,
  gate,
  openWorld,
  RawClient,
  serve,
  shopSettings,
  tableOf,
  type WorldOptions,
} from "../test/world.ts";
import type { AccessEntry } from "./access-log.ts";
import { createGateway } from "./gateway.ts";
import { silentLogger } from "./logger.ts";
import type { GatewaySettings } from "./settings.ts";

interface Observed {
  readonly port: number;
  readonly lines: (AccessEntry & { readonly msg: string; readonly level: number })[];
  readonly registry: Registry;
  metrics(): Promise<string>;
}

async function observed(t: TestContext, options: WorldOptions = {}): Promise<Observed> {
  const lines: Observed["lines"] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Observed["lines"][number]);
      done();
    },
  });
  const variant = await serve(t, (req, res) => {
    if (req.url === "/500") res.writeHead(500).end("own error");
    else if (req.url === "/cut") {
      res.write("half");
      setImmediate(() => res.destroy());
    } else if (req.url !== "/never") echo("stable")(req, res);
  });
  const variants = {
    "storefront:stable": variant.url,
    "storefront:mp-101": "http://127.0.0.1:9",
    "storefront:mp-102": variant.url,
  };
  const registry = new Registry();
  const { edge } = await openWorld(t, tableOf({ variants }), {
    log: pino(sink),
    metrics: registry,
    ...options,
  });
  return { port: edge.port, lines, registry, metrics: () => registry.metrics() };
}

describe("the access log", () => {
  it("has no line for successful requests and a variant's own errors by default", async (t) => {
    const { port, lines } = await observed(t);
    await ask(port);
    await ask(port, { path: "/500" });
    await ask(port, { host: "example.com" });
    await ask(port, { headers: { "x-service-route": "storefront:mp-101" } });
    assert.equal(lines.length, 1);
    const { msg, level, status, reason, variant, method, path, host, via, remote } = lines[0]!;
    assert.deepEqual(
      { msg, level, status, reason, variant, method, path, host, via, remote },
      {
        msg: "request failed",
        level: 40,
        status: 503,
        reason: "VariantUnavailable",
        variant: "storefront:mp-101",
        method: "GET",
        path: "/",
        host: "storefront.localhost",
        via: "pin",
        remote: "127.0.0.1",
      },
    );
  });

  it("has a line for a response that was aborted", async (t) => {
    const { port, lines } = await observed(t);
    await assert.rejects(ask(port, { path: "/cut" }));
    assert.deepEqual(
      lines.map(({ reason, bytes, level }) => [reason, bytes, level]),
      [["Cut", 4, pino.levels.values["warn"]]],
    );
  });

  it("has a line for an internal error, which closes only its own connection", async (t) => {
    const lines: string[] = [];
    const variant = await serve(t, echo("stable"));
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    let broken = false;
    const gateway = createGateway({
      settings: () => {
        if (broken) throw new Error("as planted");
        return shopSettings as GatewaySettings;
      },
      table,
      log: { ...silentLogger, error: (_fields, message) => lines.push(message) },
    });
    t.after(() => gateway.close({ graceMs: 0 }));
    const { port } = await gateway.listenEdge({ host: "127.0.0.1", port: 0 });
    const upgrading = { connection: "upgrade", upgrade: "websocket" };
    broken = true;
    await assert.rejects(ask(port), { code: "ECONNRESET" });
    await assert.rejects(ask(port, { headers: upgrading }), { code: "ECONNRESET" });
    assert.equal((await fetch2(session(t, port), {})).status, 0);
    broken = false;
    assert.equal((await ask(port)).status, 200);
    assert.deepEqual(lines, Array(3).fill("internal error, closing the connection"));
  });

  it("has a line for everything on request, and none where it is off", async (t) => {
    const all = await observed(t, { accessLog: "all" });
    await ask(all.port);
    await ask(all.port, { host: "example.com" });
    await ask(all.port, { path: "/.well-known/cocktail/leave" });
    const client = new RawClient(all.port);
    client.send("GET /never HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n");
    await ask(all.port);
    client.close();
    await until("five lines", () => all.lines.length === 5, {
      seen: () => JSON.stringify(all.lines),
    });
    assert.deepEqual(
      all.lines.map(({ status, reason }) => [status, reason]),
      [
        [200, undefined],
        [421, "OutsideDomain"],
        [303, undefined],
        [200, undefined],
        [499, "ClientGone"],
      ],
    );
    const none = await observed(t, { accessLog: "none" });
    await ask(none.port, { headers: { "x-service-route": "storefront:mp-101" } });
    assert.deepEqual(none.lines, []);
  });
});

describe("metrics", () => {
  it("count requests by service, tier and class of status, never by key or environment", async (t) => {
    const { port, metrics, registry } = await observed(t);
    await ask(port);
    await ask(port, { path: "/500" });
    for (const key of ["mp-101", "mp-102"])
      await ask(port, { headers: { "x-service-route": `storefront:${key}` } });
    await ask(port, {
      headers: { "x-service-route": "nonsense", "x-source-route": "secret-environment" },
    });
    const text = await metrics();
    const has = (line: string): void =>
      assert.ok(text.includes(`${line}\n`), `${line}\nnot in\n${text}`);
    has('cocktail_gateway_requests_total{service="storefront",tier="stable",status="2xx"} 2');
    has('cocktail_gateway_requests_total{service="storefront",tier="stable",status="5xx"} 1');
    has('cocktail_gateway_requests_total{service="storefront",tier="branch",status="2xx"} 1');
    has('cocktail_gateway_requests_total{service="storefront",tier="branch",status="5xx"} 1');
    has('cocktail_gateway_refusals_total{code="VariantUnavailable"} 1');
    has('cocktail_gateway_rejected_route_fields_total{field="pins",reason="MalformedPin"} 1');
    has('cocktail_gateway_request_duration_seconds_count{service="storefront",tier="stable"} 3');
    has(
      'cocktail_gateway_request_duration_seconds_bucket{le="+Inf",service="storefront",tier="stable"} 3',
    );
    has("cocktail_gateway_table_epoch 1");
    assert.doesNotMatch(text, /mp-10|secret-environment/);
    const json = await registry.getMetricsAsJSON();
    const duration = json.find(({ name }) => name === "cocktail_gateway_request_duration_seconds");
    assert.equal(
      duration?.values.find(({ labels }) => "le" in labels && labels.le === "+Inf")?.value,
      3,
    );
  });

  it("never decrease when a variant is removed", async (t) => {
    const variant = await serve(t, echo("x"));
    const registry = new Registry();
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge, publish } = await openWorld(t, table, { metrics: registry });
    await ask(edge.port);
    publish(tableOf({ variants: {}, epoch: 2 }));
    assert.match(
      await registry.metrics(),
      /requests_total\{service="storefront",tier="stable",status="2xx"\} 1\n/,
    );
    publish({ ...table, epoch: 3 });
    await ask(edge.port);
    assert.match(
      await registry.metrics(),
      /requests_total\{service="storefront",tier="stable",status="2xx"\} 2\n/,
    );
  });

  it("show what is in flight and connected", async (t) => {
    const arrived = gate();
    const variant = await serve(t, () => arrived.open());
    const registry = new Registry();
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
      { metrics: registry },
    );
    const client = new RawClient(edge.port);
    client.send("GET / HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n");
    await arrived.promise;
    const during = await registry.metrics();
    assert.match(during, /cocktail_gateway_in_flight\{service="storefront",tier="stable"\} 1\n/);
    assert.match(during, /cocktail_gateway_connections 1\n/);
    client.close();
    let text = "";
    await until(
      "the aborted request to be counted",
      () => {
        void registry.metrics().then((now) => (text = now));
        return /requests_total\{service="storefront",tier="stable",status="aborted"\} 1\n/.test(
          text,
        );
      },
      { seen: () => text },
    );
    assert.match(text, /cocktail_gateway_connections 0\n/);
  });
});
