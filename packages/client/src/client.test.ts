import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { describe, test } from "node:test";
import { emptyTable } from "@cocktail/route";
import type { Problem } from "./api/problem.ts";
import { createClient } from "./client.ts";
import { ApiError, ApiUnreachable } from "./errors.ts";

interface Served extends AsyncDisposable {
  readonly baseUrl: string;
  readonly requests: {
    readonly line: string;
    readonly headers: IncomingMessage["headers"];
    body: string;
  }[];
}

async function serve(listener: RequestListener): Promise<Served> {
  const requests: Served["requests"] = [];
  const server = createServer((request, response) => {
    const entry = { line: `${request.method} ${request.url}`, headers: request.headers, body: "" };
    requests.push(entry);
    request.on("data", (chunk) => (entry.body += String(chunk)));
    request.on("end", () => listener(request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("listens on no port");
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answering(status: number, type: string, body: string): RequestListener {
  return (_, response) => response.writeHead(status, { "content-type": type }).end(body);
}
const json = (value: unknown): RequestListener =>
  answering(200, "application/json", JSON.stringify(value));

const conflict: Problem = {
  type: "urn:cocktail:problem:conflict",
  title: "In conflict with what is there",
  status: 409,
  detail: "environment ops-101 exists",
  code: "CONFLICT",
  reason: "EnvironmentExists",
  fix: "use apply",
  retryable: false,
  errors: [{ path: "body.name", message: "exists" }],
};

describe("the client", () => {
  test("sends every operation as the API takes it, with its token", async () => {
    await using served = await serve(json({ items: [] }));
    const client = createClient({ baseUrl: `${served.baseUrl}/`, token: "secret" });
    await client.status();
    await client.services();
    await client.service("a.b");
    await client.promote("a", { dryRun: true });
    await client.variants({ service: "a", environment: undefined });
    await client.variant("a", "mp-1");
    await client.deploy({ service: "a", key: "mp-1" });
    await client.deleteVariant("a", "mp-1", { discard: true });
    await client.environments();
    await client.environment("../x");
    await client.explain("e");
    await client.createEnvironment({ name: "e" });
    await client.applyEnvironment("e", { parent: "rc" });
    await client.extendEnvironment("e", 60, { dryRun: true });
    await client.deleteEnvironment("e", { keepVariants: true, dryRun: false });
    await client.resolve({ pins: "a:mp-1" });
    assert.deepEqual(
      served.requests.map(({ line, body }) => (body === "" ? line : `${line} ${body}`)),
      [
        "GET /v1/status",
        "GET /v1/services",
        "GET /v1/services/a.b",
        'POST /v1/services/a/promote {"dryRun":true}',
        "GET /v1/variants?service=a",
        "GET /v1/variants/a/mp-1",
        'POST /v1/variants {"service":"a","key":"mp-1"}',
        "DELETE /v1/variants/a/mp-1?discard=true",
        "GET /v1/environments",
        "GET /v1/environments/..%2Fx",
        "GET /v1/environments/e/explain",
        'POST /v1/environments {"name":"e"}',
        'PUT /v1/environments/e {"parent":"rc"}',
        'POST /v1/environments/e/extend {"bySeconds":60,"dryRun":true}',
        "DELETE /v1/environments/e?keepVariants=true&dryRun=false",
        'POST /v1/resolve {"pins":"a:mp-1"}',
      ],
    );
    for (const { headers } of served.requests) assert.equal(headers.authorization, "Bearer secret");
  });

  test("throws the problem that the API answered, whole", async () => {
    const body = JSON.stringify({ ...conflict, unknown: 1 });
    await using served = await serve(answering(409, "application/problem+json", body));
    const client = createClient({ baseUrl: served.baseUrl });
    await assert.rejects(client.createEnvironment({ name: "ops-101" }), (error) => {
      assert.ok(ApiError.is(error));
      assert.ok(!ApiUnreachable.is(error));
      assert.deepEqual(error.problem, conflict);
      assert.deepEqual(
        [error.message, error.code, error.status, error.retryable],
        ["environment ops-101 exists", "CONFLICT", 409, false],
      );
      return true;
    });
  });

  test("says that somebody else answered, when that wasn't the API", async () => {
    const strangers: readonly (readonly [RequestListener, RegExp])[] = [
      [answering(502, "text/html", "<h1>Bad gateway</h1>"), /status 502 without a problem/],
      [answering(404, "application/json", '{"message":"no"}'), /status 404 without a problem/],
      [answering(500, "application/json", '{"code":"WHO_KNOWS","title":"x","status":500}'), /500/],
      [answering(200, "text/html", "<h1>Hello</h1>"), /not JSON/],
      [json(null), /not a JSON object/],
      [json([]), /not a JSON object/],
      [json("no"), /not a JSON object/],
      [json({}), /no items/],
      [json({ items: 1 }), /no items/],
    ];
    for (const [listener, message] of strangers) {
      await using served = await serve(listener);
      const client = createClient({ baseUrl: served.baseUrl });
      await assert.rejects(client.services(), (error) => {
        assert.ok(ApiUnreachable.is(error), String(error));
        assert.match(error.message, message);
        return true;
      });
    }
  });

  test("carries its token to nobody else", async () => {
    await using other = await serve(json({ items: [] }));
    await using served = await serve((_, response) =>
      response.writeHead(307, { location: `${other.baseUrl}/v1/services` }).end(),
    );
    const client = createClient({ baseUrl: served.baseUrl, token: "secret" });
    await assert.rejects(client.services(), { name: "ApiUnreachable" });
    assert.deepEqual(other.requests, []);
  });

  test("says where it looked, and why nobody answered", async () => {
    const gone = await serve(json({}));
    await gone[Symbol.asyncDispose]();
    const client = createClient({ baseUrl: gone.baseUrl });
    await assert.rejects(client.status(), (error) => {
      assert.ok(ApiUnreachable.is(error));
      assert.match(error.message, new RegExp(`at ${gone.baseUrl}: .*ECONNREFUSED`));
      assert.match(error.fix, /control plane is running/);
      assert.equal(error.retryable, true);
      return true;
    });
  });

  test("gives up a request that takes too long, in the head or in the body", async () => {
    for (const listener of [
      (() => undefined) satisfies RequestListener,
      ((_, response) => response.writeHead(200).write("{")) satisfies RequestListener,
    ]) {
      await using served = await serve(listener);
      const client = createClient({ baseUrl: served.baseUrl, timeoutMs: 50 });
      await assert.rejects(client.status(), {
        name: "ApiUnreachable",
        message: /GET \/v1\/status took more than 50 ms/,
      });
    }
  });

  test("gives up an answer that is too long, and one that is cut off", async () => {
    await using served = await serve((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ items: ["x".repeat(2_000)] }));
    });
    const client = createClient({ baseUrl: served.baseUrl, maxResponseLength: 1_000 });
    await assert.rejects(client.services(), { message: /longer than 1000 characters/ });
    await using cut = await serve((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setImmediate(() => response.destroy());
    });
    const other = createClient({ baseUrl: cut.baseUrl });
    await assert.rejects(other.services(), { name: "ApiUnreachable" });
  });

  test("ends with the caller's signal, and throws its reason", async () => {
    await using served = await serve(() => undefined);
    const client = createClient({ baseUrl: served.baseUrl });
    const stop = new AbortController();
    const asking = client.status({ signal: stop.signal });
    stop.abort(new Error("Ctrl-C"));
    await assert.rejects(asking, { message: "Ctrl-C" });
    await assert.rejects(client.status({ signal: stop.signal }), { message: "Ctrl-C" });
    assert.ok(served.requests.length <= 1);
  });

  test("takes readiness as an answer also where it is 503", async () => {
    const reasons = ["the variants are still starting"];
    const body = JSON.stringify({ ready: false, reasons });
    await using served = await serve(answering(503, "application/json", body));
    const client = createClient({ baseUrl: served.baseUrl });
    assert.deepEqual(await client.readiness(), { ready: false, reasons });
  });

  test("believes no route table that breaks the rules", async () => {
    const table = emptyTable("00000001");
    await using good = await serve(json(table));
    assert.deepEqual(await createClient({ baseUrl: good.baseUrl }).routeTable(3), table);
    assert.equal(good.requests[0]?.line, "GET /v1/route-table/3");
    await using bad = await serve(json({ ...table, tag: "x" }));
    await assert.rejects(createClient({ baseUrl: bad.baseUrl }).routeTable(), {
      message: /not a route table: tag is not 8 hex digits/,
    });
  });

  test("reads logs line by line, through empty ones and pieces", async () => {
    const line = {
      time: "t",
      variant: "a:b",
      incarnation: 1,
      stream: "stdout",
      text: "ü",
    } as const;
    await using served = await serve((_, response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      const bytes = Buffer.from(`\n${JSON.stringify(line)}\n\n${JSON.stringify(line)}`);
      response.write(bytes.subarray(0, bytes.indexOf(0xc3) + 1));
      setImmediate(() => response.end(bytes.subarray(bytes.indexOf(0xc3) + 1)));
    });
    const client = createClient({ baseUrl: served.baseUrl });
    const seen: unknown[] = [];
    for await (const each of client.logs({ service: "a", tail: 5, follow: false })) seen.push(each);
    for await (const each of client.logs({ service: "a", key: "b", follow: true })) {
      seen.push(each);
      break;
    }
    assert.deepEqual(seen, [line, line, line]);
    assert.deepEqual(
      served.requests.map((request) => request.line),
      ["GET /v1/logs?service=a&follow=false&tail=5", "GET /v1/variants/a/b/logs?follow=true"],
    );
  });

  test("refuses a base URL that is none, at once", () => {
    for (const baseUrl of ["", "localhost:8080", "ftp://x", "/v1"]) {
      assert.throws(() => createClient({ baseUrl }), { name: "TypeError" }, baseUrl);
    }
  });
});
