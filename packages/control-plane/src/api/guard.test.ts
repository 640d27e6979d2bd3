import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test } from "node:test";
import { type OpenApi, openApi, token } from "../../test/open-api.ts";
import { checkHost, checkOrigin, checkToken } from "./guard.ts";

const none: ReadonlySet<string> = new Set();
const hosts = (host: string | undefined) => ({
  host,
  authorization: undefined,
  remoteAddress: "127.0.0.1",
  origin: undefined,
  fetchSite: undefined,
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** The status of a request whose headers are sent as they are. */
function statusOf(
  api: OpenApi,
  { method = "GET", path = "/v1/status", headers }: Asked,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: api.port, host: "127.0.0.1", method, path, headers });
    asked.on("error", reject);
    asked.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.end();
  });
}

interface Described {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly security?: unknown }>>>
  >;
}

/** Every operation with sample names in its path, from the description that the API gives of itself. */
async function operations(
  api: OpenApi,
): Promise<
  readonly { readonly method: string; readonly path: string; readonly secured: boolean }[]
> {
  const { paths } = (await (await api.request("/v1/openapi.json")).json()) as Described;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{epoch\}/g, "0").replaceAll(/\{[a-z]+\}/g, "mp-101"),
      secured: security !== undefined,
    })),
  );
}

describe("the guard", () => {
  test("serves the names of loopback and those configured, with and without a port", () => {
    const own = ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "LOCALHOST"];
    for (const name of own) {
      checkHost(hosts(name), none);
      checkHost(hosts(`${name}:4600`), none);
    }
    checkHost(hosts("cocktail.dev.example.com:80"), new Set(["cocktail.dev.example.com"]));
  });

  test("refuses every other Host", () => {
    const strange = [
      undefined,
      "",
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "evil-localhost",
      "10.0.0.1",
      "[::2]",
      "localhost:x",
      "localhost:80:80",
      "localhost, evil.example",
      "user@localhost",
      "localhost/",
    ];
    for (const name of strange) {
      assert.throws(() => checkHost(hosts(name), none), { name: "ProblemError" }, String(name));
    }
  });

  test("refuses a Host that is not allowed before anything else, for every operation", async () => {
    await using api = await openApi();
    const evil = ["host", "evil.example"];
    for (const { method, path } of await operations(api)) {
      assert.equal(await statusOf(api, { method, path, headers: evil }), 403, `${method} ${path}`);
    }
    for (const path of ["/nowhere", "/v1/services/%zz", `/v1/services/${"a".repeat(500)}`]) {
      assert.equal(await statusOf(api, { path, headers: evil }), 403, path);
    }
    assert.equal(await statusOf(api, { method: "PATCH", path: "/v1/status", headers: evil }), 403);
    assert.equal(
      await statusOf(api, { headers: ["host", "localhost", "host", "evil.example"] }),
      403,
    );
    assert.equal(await statusOf(api, { headers: ["host", "localhost"] }), 200);
    await using other = await openApi({ hosts: ["cocktail.test"] });
    assert.equal(await statusOf(other, { headers: ["host", "cocktail.test"] }), 200);
  });

  test("refuses what a browser sends for a page of another origin, for every operation, the token or not", async () => {
    await using api = await openApi();
    const host = `localhost:${api.port}`;
    const pages = [
      ["sec-fetch-site", "cross-site"], // also a page of the cocktail, on a host of its own
      ["sec-fetch-site", "same-site"],
      ["origin", "http://evil.example"],
      ["origin", "http://localhost"],
      ["origin", "null"],
    ];
    for (const { method, path } of await operations(api)) {
      for (const page of pages) {
        const headers = ["host", host, "authorization", `Bearer ${token}`, ...page];
        assert.equal(await statusOf(api, { method, path, headers }), 403, `${method} ${path}`);
      }
    }
    for (const path of ["/nowhere", "/v1/services/%zz", `/v1/services/${"a".repeat(500)}`]) {
      const headers = ["host", host, "sec-fetch-site", "cross-site"];
      assert.equal(await statusOf(api, { path, headers }), 403, path);
    }
    assert.deepEqual(api.lifecycle.asked, []);
    for (const page of [["sec-fetch-site", "none"], ["origin", `http://${host}`], []])
      assert.equal(await statusOf(api, { headers: ["host", host, ...page] }), 200, page.join());
    const typed = { ...hosts(host), fetchSite: "same-origin", origin: "http://other" };
    assert.doesNotThrow(() => checkOrigin(typed), "the browser knows better than Origin");
  });

  test("gives no page of another origin leave to read an answer", async () => {
    await using api = await openApi();
    for (const method of ["GET", "OPTIONS"]) {
      const headers = { origin: "http://evil.example", "access-control-request-method": "GET" };
      const answer = await api.request("/v1/status", { method, headers });
      const names = [...answer.headers.keys()];
      assert.deepEqual(
        names.filter((name) => name.startsWith("access-control-")),
        [],
      );
      await answer.body?.cancel();
    }
  });

  test("requires the token for exactly the operations that change something or read logs or variables", async () => {
    await using api = await openApi();
    let secured = 0;
    for (const { method, path, secured: isSecured } of await operations(api)) {
      const isRead =
        (method === "GET" && !/\/(?:logs|environment)$/.test(path)) || path === "/v1/resolve";
      assert.equal(isSecured, !isRead, `${method} ${path} is described wrongly`);
      for (const authorization of [undefined, "Bearer wrong", `Basic ${token}`, "Bearer", token]) {
        const response = await api.request(path, {
          method,
          ...(authorization !== undefined && { headers: { authorization } }),
        });
        await response.body?.cancel();
        assert.equal(response.status === 401, !isRead, `${method} ${path} ${authorization}`);
        if (!isRead) assert.equal(response.headers.get("www-authenticate"), "Bearer");
      }
      if (!isRead) secured++;
    }
    assert.equal(secured, 13);
    assert.deepEqual(api.lifecycle.asked, []);
  });

  test("requires the token for reads from another machine, not from this one", () => {
    const from = (remoteAddress: string | undefined, authorization?: string) => () =>
      checkToken({ ...hosts("localhost"), authorization, remoteAddress }, token, false);
    for (const near of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) assert.doesNotThrow(from(near));
    for (const far of ["10.0.0.7", "::ffff:10.0.0.7", "fe80::1", undefined, "127.0.0.1.x"]) {
      assert.throws(from(far), { name: "ProblemError" }, String(far));
      assert.doesNotThrow(from(far, `Bearer ${token}`));
    }
  });
});
