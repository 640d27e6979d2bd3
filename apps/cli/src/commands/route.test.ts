import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { describe, it } from "node:test";
import { portOf, startFakeApi } from "../../test/support/fake-api.ts";
import { invoke } from "../../test/support/invoke.ts";
import { keysOf } from "../../test/support/keys.ts";
import { environment, status } from "../../test/support/objects.ts";

interface Edge extends AsyncDisposable {
  readonly port: number;
  readonly seen: readonly IncomingMessage[];
}

async function startEdge(listener: RequestListener): Promise<Edge> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return {
    port: portOf(server),
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((settle) => server.close(settle));
    },
  };
}

const trace = [
  '"storefront";variant="stable";via=stable;ms=12.5',
  '"payment";variant="mp-101";via=pin;caller="storefront:stable";ms=3.0',
  '"cart";variant="stable";via=stable;caller="storefront:stable";missed="cart:mp-102"',
  '"mail";variant="stable";via=stable;caller="payment:mp-101";lost',
].join(", ");

describe("route trace", () => {
  it("connects to the loopback address for a *.localhost URL, and shows where the route was lost", async () => {
    await using edge = await startEdge((_, response) =>
      response
        .writeHead(200, { "x-route-trace": trace, "x-route-served": "storefront:stable" })
        .end("hello"),
    );
    const url = `http://storefront.localhost:${edge.port}/a?b=c`;
    const { code, stdout, stderr } = await invoke([
      "route",
      "trace",
      url,
      "--pins",
      "payment:mp-101::cart:mp-102",
      "--environment",
      "ops-101",
      "--strict",
      "-H",
      "accept-language: de",
    ]);
    assert.equal(code, 0, stderr);
    const { headers, url: target, method } = edge.seen[0] ?? assert.fail();
    assert.deepEqual(
      [method, target, headers.host],
      ["GET", "/a?b=c", `storefront.localhost:${edge.port}`],
    );
    assert.equal(headers["x-service-route"], "payment:mp-101::cart:mp-102");
    assert.equal(headers["x-source-route"], "ops-101");
    assert.equal(headers["x-route-mode"], "strict");
    assert.equal(headers["x-route-trace"], "on");
    assert.equal(headers["accept-language"], "de");
    assert.deepEqual(stdout.split("\n"), [
      `${url}  200  served by storefront:stable`,
      "",
      "SERVICE     VARIANT            VIA     CALLER             MISSED                    MS",
      "storefront  storefront:stable  stable  (edge)             -                       12.5",
      "payment     payment:mp-101     pin     storefront:stable  -                        3.0",
      "cart        cart:stable        stable  storefront:stable  cart:mp-102                -",
      "mail        mail:stable        stable  payment:mp-101     called without a route     -",
      "lost: payment:mp-101 called mail without a route while it handled this request; see docs/guides/forwarding.md",
      "",
    ]);
  });

  it("shows a refusal of the gateway, and requests a path from the first entry service", async () => {
    const body = JSON.stringify({
      status: 424,
      detail: "cart:mp-102 is not live",
      fix: "deploy it",
    });
    await using edge = await startEdge((_, response) =>
      response.writeHead(424, { "content-type": "application/problem+json" }).end(body),
    );
    await using api = await startFakeApi({
      "GET /v1/status": status({ edge: `http://localhost:${edge.port}`, domain: "shop.test" }),
    });
    const { code, stdout } = await invoke(["route", "trace", "/checkout", "-d", "{}"], api);
    assert.equal(edge.seen[0]?.headers.host, `shop.test:${edge.port}`, "a host that it answers");
    assert.equal(code, 0);
    assert.match(stdout, /424\n {2}cart:mp-102 is not live\n {2}fix: deploy it\n\nno hops/);
    assert.equal(edge.seen[0]?.method, "POST");
    const json = await invoke(["route", "trace", `localhost:${edge.port}/x`, "-o", "json"], api);
    assert.deepEqual(keysOf(json.stdout), [
      "url",
      "status",
      "hops",
      "truncated",
      "lost",
      "problem",
      "unseen",
      "route",
    ]);
  });

  it("reports pins without a hop, except after a refusal", async () => {
    await using edge = await startEdge((request, response) => {
      const head = { "x-route-trace": '"front";variant="stable";via=stable' };
      if (request.url === "/") response.writeHead(200, head).end();
      else
        response.writeHead(424, { ...head, "content-type": "application/problem+json" }).end("{}");
    });
    const ask = async (path: string) =>
      await invoke([
        ...["route", "trace", `http://front.localhost:${edge.port}${path}`],
        ...["--pins", "front:mp-1::back:mp-1::nonsense"],
      ]);
    const nothing = '"mail";via=none, "cart";variant="a";via=pin';
    await using other = await startEdge((_, response) =>
      response.writeHead(200, { "x-route-trace": nothing }).end(),
    );
    const names = await invoke(["route", "trace", `localhost:${other.port}`, "-o", "name"]);
    assert.equal(names.stdout, "variant/cart:a\n");
    assert.match((await ask("/")).stdout, /\nunseen: no hop of back:mp-1; .*x-route-trace.*\n$/);
    assert.doesNotMatch((await ask("/refused")).stdout, /unseen/);
  });

  it("reports a refused connection", async () => {
    const gone = await startEdge(() => {});
    await gone[Symbol.asyncDispose]();
    const { code, stderr } = await invoke(["route", "trace", `http://a.localhost:${gone.port}/`]);
    assert.equal(code, 1);
    assert.match(stderr, /the request to .* failed: .*ECONNREFUSED.*\[REQUEST_FAILED\]/);
    assert.equal((await invoke(["route", "trace", "http://"])).code, 2);
    assert.equal((await invoke(["route", "trace", "/", "-H", "no colon"])).code, 2);
    assert.equal((await invoke(["route", "trace", "/", "-X", "NO METHOD"])).code, 2);
    assert.equal((await invoke(["route", "trace", "/", "-H", "a: b\r\nc: d"])).code, 2);
  });
});

describe("route resolve", () => {
  it("prints the resolved variants and the rejected entries", async () => {
    const result = {
      epoch: 7,
      canonical: { pins: "cart:mp-102" },
      rejected: [{ field: "pins", reason: "MalformedPin", text: "x" }],
      services: [
        { service: "cart", variant: "cart:mp-102", via: "pin", missed: [] },
        {
          service: "mail",
          via: "none",
          missed: [{ kind: "member", environment: "ops", service: "mail", key: "a" }],
        },
      ],
    };
    await using api = await startFakeApi({ "POST /v1/resolve": result });
    const { stdout } = await invoke(
      ["route", "resolve", "--pins", "cart:mp-102::x", "--strict", "--epoch", "7"],
      api,
    );
    assert.deepEqual(api.asked[0]?.body, { pins: "cart:mp-102::x", mode: "strict", epoch: 7 });
    assert.deepEqual(stdout.split("\n"), [
      "epoch 7   pins cart:mp-102   environment -",
      "SERVICE  VARIANT      VIA   LAYER  MISSED",
      "cart     cart:mp-102  pin   -      -",
      "mail     none         none  -      mail:a of environment ops",
      'rejected: pins "x": MalformedPin',
      "",
    ]);
  });
});

describe("env curl", () => {
  it("connects to the edge with the environment's host, and prints the body unchanged", async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    await using edge = await startEdge((_, response) =>
      response.writeHead(200, { "x-route-served": "storefront:mp-101" }).end(bytes),
    );
    await using api = await startFakeApi({
      "GET /v1/status": status({ edge: `http://localhost:${edge.port}` }),
      "GET /v1/environments/ops-101": environment("ops-101", {
        url: `http://ops-101.shop.test:${edge.port}`,
      }),
    });
    const { code, stdout, stderr } = await invoke(
      ["env", "curl", "ops-101", "-i", "-X", "PUT", "--", "/a?b"],
      api,
    );
    assert.equal(code, 0, stderr);
    assert.equal(edge.seen[0]?.headers.host, `ops-101.shop.test:${edge.port}`);
    assert.deepEqual([edge.seen[0].method, edge.seen[0].url], ["PUT", "/a?b"]);
    assert.match(stdout, /^HTTP\/1\.1 200\n[\s\S]*x-route-served: storefront:mp-101\n/);
    for (const path of ["//evil.test/", "http://evil.test/"])
      assert.equal((await invoke(["env", "curl", "ops-101", "--", path], api)).code, 2);
    assert.equal(edge.seen.length, 1);
  });

  it("reports a truncated response", async () => {
    await using edge = await startEdge((_, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => response.destroy());
    });
    await using api = await startFakeApi({
      "GET /v1/status": status({ edge: `http://localhost:${edge.port}` }),
      "GET /v1/environments/ops-101": environment("ops-101", {
        url: `http://ops-101.localhost:${edge.port}`,
      }),
    });
    const plain = await invoke(["env", "curl", "ops-101"], api);
    assert.deepEqual([plain.code, plain.stdout], [1, "half"]);
    assert.match(plain.stderr, /the request to .* failed: .*\[REQUEST_FAILED\]/);
    const traced = await invoke(["route", "trace", "/"], api);
    assert.match(traced.stderr, /the request to .* failed: .*\[REQUEST_FAILED\]/);
  });

  it("prints the response as json, and fails with --fail", async () => {
    await using edge = await startEdge((_, response) => response.writeHead(503).end("down"));
    await using api = await startFakeApi({
      "GET /v1/status": status({ edge: `http://localhost:${edge.port}` }),
      "GET /v1/environments/ops-101": environment("ops-101", {
        url: `http://ops-101.localhost:${edge.port}`,
      }),
    });
    const json = await invoke(["env", "curl", "ops-101", "-o", "json"], api);
    assert.equal(json.code, 0);
    assert.partialDeepStrictEqual(JSON.parse(json.stdout), {
      url: `http://ops-101.localhost:${edge.port}/`,
      status: 503,
      body: "down",
    });
    const plain = await invoke(["env", "curl", "ops-101", "--fail"], api);
    assert.deepEqual([plain.code, plain.stdout], [1, "down"]);
  });
});
