import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { ApiError, type Problem, type ProblemCode, problemCodes } from "@cocktail/client";
import { until } from "@cocktail/test-support";
import { type OpenApi, openApi, token } from "../../test/open-api.ts";
import { ControlPlaneError, storeUnavailable } from "../errors.ts";
import { problemKinds } from "./problems.ts";

const json = { "content-type": "application/json", authorization: `Bearer ${token}` };

async function problemOf(response: Response): Promise<Problem> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = (await response.json()) as Problem;
  assert.equal(problem.status, response.status);
  assert.ok(problemCodes.includes(problem.code), `unknown code ${problem.code}`);
  for (const member of [problem.title, problem.detail, problem.fix, problem.type]) {
    assert.ok(member.length > 0);
  }
  return problem;
}

function post(api: OpenApi, path: string, body: string): Promise<Response> {
  return api.request(path, { method: "POST", body, headers: json });
}

/** The bytes of an answer to bytes that no client library would send. */
async function raw(api: OpenApi, bytes: string): Promise<string> {
  const socket = connect(api.port, "127.0.0.1");
  socket.setEncoding("latin1");
  let answer = "";
  socket.on("data", (chunk) => (answer += String(chunk)));
  socket.write(bytes);
  await once(socket, "close", { signal: AbortSignal.timeout(20_000) });
  return answer;
}

describe("problems", () => {
  test("a refusal has the code and the texts of its reason, and names its object", async () => {
    const refusals = [
      ["INVALID", { reason: "InvalidName", params: { what: "key", name: "A" } }],
      ["NOT_FOUND", { reason: "NothingToPromote", params: { service: "a", candidate: "absent" } }],
      ["CONFLICT", { reason: "KeyConflict", params: { variant: "a:b", owner: "x", branch: "y" } }],
      ["REFUSED", { reason: "EnvironmentBuiltIn", params: { environment: "rc" } }],
      ["UNCOMMITTED_WORK", { reason: "UncommittedWork", params: { variants: "a:b" } }],
      ["NO_REPOSITORY", { reason: "NoRepository", params: { path: "/src", why: "none" } }],
    ] as const;
    for (const [code, refusal] of refusals) {
      const deploy = () => Promise.resolve({ kind: "refused", refusal } as const);
      await using api = await openApi({ lifecycle: { deploy } });
      await assert.rejects(api.client.deploy({ service: "a", key: "b" }), (error) => {
        assert.ok(ApiError.is(error));
        assert.equal(error.status, problemKinds[code].status);
        const { problem } = error;
        assert.deepEqual(
          [error.code, problem.reason, error.retryable],
          [code, refusal.reason, false],
        );
        assert.deepEqual(problem.params, refusal.params);
        const named = Object.values(refusal.params).some((value) => error.message.includes(value));
        assert.ok(named, error.message);
        assert.doesNotMatch(`${error.message} ${problem.fix}`, /cocktail [a-z]/);
        return true;
      });
    }
  });

  test("an outage of store or engine is retryable", async () => {
    for (const [thrown, code] of [
      [storeUnavailable("gone"), "STORE_UNAVAILABLE"],
      [new ControlPlaneError("NOT_READY", "stopping"), "NOT_READY"],
    ] as const) {
      await using api = await openApi({ lifecycle: { deploy: () => Promise.reject(thrown) } });
      const response = await post(api, "/v1/variants", '{"service":"a","key":"b"}');
      const problem = await problemOf(response);
      assert.deepEqual([problem.code, problem.status, problem.retryable], [code, 503, true]);
      assert.equal(response.headers.get("retry-after"), "1");
      assert.deepEqual(api.errors, []);
    }
  });

  test("a store that is away shows in status and readiness, and in the table's 503", async () => {
    await using api = await openApi();
    api.store.setAvailable(false);
    assert.equal((await api.client.status()).writable, false);
    const { ready, reasons } = await api.client.readiness();
    assert.equal(ready, false);
    assert.match(reasons.join(), /store/);
    assert.equal((await problemOf(await api.request("/v1/route-table"))).code, "STORE_UNAVAILABLE");
  });

  test("an internal error is logged, and reveals no details", async () => {
    const deploy = () => Promise.reject(new TypeError("secret detail"));
    await using api = await openApi({ lifecycle: { deploy } });
    const problem = await problemOf(await post(api, "/v1/variants", '{"service":"a","key":"b"}'));
    assert.equal(problem.code, "INTERNAL");
    assert.doesNotMatch(JSON.stringify(problem), /secret/);
    assert.equal(api.errors.length, 1);
  });

  test("an answer that doesn't match its schema is an internal error", async () => {
    const broken = { name: "a" } as never;
    await using api = await openApi({ lifecycle: { service: () => broken } });
    assert.equal((await problemOf(await api.request("/v1/services/a"))).code, "INTERNAL");
    assert.equal(api.errors.length, 1);
  });

  test("all errors of path, query and body are reported at once", async () => {
    await using api = await openApi();
    const body = JSON.stringify({
      service: "Not A Service",
      key: "-x",
      source: { kind: "url", url: "ftp://x" },
      env: { "1A": "x" },
      ttlSeconds: 0,
      dryrun: true,
    });
    const problem = await problemOf(await post(api, "/v1/variants", body));
    assert.equal(problem.code, "INVALID");
    assert.deepEqual(problem.errors?.map(({ path }) => path).toSorted(), [
      "body.dryrun",
      "body.env.1A",
      "body.key",
      "body.service",
      "body.source.url",
      "body.ttlSeconds",
    ]);
    assert.match(problem.detail, /^POST \/v1\/variants: .*, and 5 more$/);

    const path = "/v1/variants/UPPER/mp-101?discard=yes&drynun=true";
    const response = await api.request(path, { method: "DELETE", headers: json });
    const paths = (await problemOf(response)).errors?.map((error) => error.path);
    assert.deepEqual(paths?.toSorted(), ["params.service", "query.discard", "query.drynun"]);
    assert.deepEqual(api.lifecycle.asked, []);
  });

  test("bodies that are not one JSON object, or exceed the limit", async () => {
    await using api = await openApi();
    const cases: readonly (readonly [string, ProblemCode, number])[] = [
      ["{", "INVALID", 400],
      ["", "INVALID", 400],
      ["[]", "INVALID", 400],
      ["null", "INVALID", 400],
      ['{"__proto__": {"x": 1}, "service": "a"}', "INVALID", 400],
      [`"${"x".repeat(1024 * 1024)}"`, "TOO_LARGE", 413],
    ];
    for (const [body, code, status] of cases) {
      const problem = await problemOf(await post(api, "/v1/variants", body));
      assert.deepEqual([problem.code, problem.status], [code, status], body.slice(0, 40));
    }
    const text = { ...json, "content-type": "text/plain" };
    const init = { method: "POST", body: "{}", headers: text };
    assert.equal((await problemOf(await api.request("/v1/variants", init))).status, 415);
    assert.deepEqual(api.errors, []);
    assert.deepEqual(api.lifecycle.asked, []);
  });

  test("unknown paths and unsupported methods", async () => {
    await using api = await openApi();
    for (const path of ["/", "/v1", "/v1/variants/a", "/v2/status"]) {
      assert.equal((await problemOf(await api.request(path))).status, 404, path);
    }
    for (const [method, path, allow] of [
      ["PATCH", "/v1/services", "GET, HEAD"],
      ["OPTIONS", "/v1/variants", "GET, HEAD, POST"],
      ["POST", "/v1/environments/a", "DELETE, GET, HEAD, PUT"],
      ["DELETE", "/v1/route-table/stream", "GET"],
      ["PUT", "/v1/openapi.json", "GET, HEAD"],
    ] as const) {
      const response = await api.request(path, { method, body: "{", headers: json });
      const { code, status } = await problemOf(response);
      assert.deepEqual([code, status], ["INVALID", 405], `${method} ${path}`);
      assert.equal(response.headers.get("allow"), allow);
    }
    for (const path of ["/v1/services/%zz", `/v1/services/${"a".repeat(500)}`]) {
      const { code, status } = await problemOf(await api.request(path));
      assert.deepEqual([code, status], ["INVALID", 400]);
    }
    assert.deepEqual(api.errors, []);
    assert.equal((await problemOf(await api.request("/v1/route-table/1e9"))).code, "INVALID");
  });

  test("malformed requests and headers that exceed the limit", async () => {
    await using api = await openApi();
    assert.match(await raw(api, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 [^]*"code":"INVALID"/);
    const long = `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(17_000)}\r\n\r\n`;
    assert.match(await raw(api, long), /^HTTP\/1\.1 431 [^]*"code":"TOO_LARGE"/);
    const nobody = "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n";
    assert.match(await raw(api, nobody), /^HTTP\/1\.1 403 [^]*"code":"FORBIDDEN_HOST"/);
    const hopeful = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nexpect: much\r\n\r\n";
    assert.match(await raw(api, hopeful), /^HTTP\/1\.1 417 [^]*problem\+json[^]*"code":"INVALID"/);
  });

  test("a client that disconnects in the middle of its request is not an internal error", async () => {
    const api = await openApi();
    const socket = connect(api.port, "127.0.0.1");
    socket.write(
      `POST /v1/variants HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n` +
        "content-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n",
    );
    await once(socket, "data");
    socket.write('{"service"');
    socket.destroy();
    await once(socket, "close");
    await api.close();
    assert.deepEqual(api.errors, []);
  });

  test("a connection with a malformed request is closed even if the client never closes it", async () => {
    await using api = await openApi();
    const socket = connect({ port: api.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined).resume();
    socket.write("nonsense\r\n\r\n");
    await once(socket, "end");
    await until("the server to have closed it", () => {
      socket.write("x");
      return socket.closed;
    });
  });

  test("every code has a status, a title, and a row in the reference", async () => {
    assert.deepEqual(Object.keys(problemKinds).toSorted(), problemCodes.toSorted());
    const page = new URL("../../../../docs/reference/api.md", import.meta.url);
    const text = await readFile(page, "utf8");
    const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d{3})/gm)];
    assert.deepEqual(
      Object.fromEntries(rows.map(([, code, status]) => [code, Number(status)])),
      Object.fromEntries(problemCodes.map((code) => [code, problemKinds[code].status])),
    );
  });
});
