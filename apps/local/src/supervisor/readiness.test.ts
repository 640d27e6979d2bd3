import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { checkReadiness, originOf, type ReadinessCheck } from "./readiness.ts";

const loopback = ["127.0.0.1", "::1"];

async function listen(
  t: TestContext,
  server: net.Server | http2.Http2Server,
  host = "127.0.0.1",
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function check(port: number, more: Partial<ReadinessCheck> = {}): ReadinessCheck {
  return { hosts: loopback, port, protocol: "auto", timeoutMs: 5_000, ...more };
}

async function hasIpv6(): Promise<boolean> {
  const server = net.createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("error", () => resolve(false));
  server.listen(0, "::1", () => server.close(() => resolve(true)));
  return await promise;
}

describe("a readiness probe", () => {
  test("finds a server that listens on ::1 only", async (t) => {
    if (!(await hasIpv6())) {
      t.skip("this machine has no ::1");
      return;
    }
    const server = http.createServer((_req, res) => res.end("ok"));
    const port = await listen(t, server, "::1");
    for (const health of [undefined, "/healthz"]) {
      assert.deepEqual(await checkReadiness(check(port, { health })), {
        ready: true,
        host: "::1",
      });
    }
    assert.equal(originOf("::1", port), `http://[::1]:${port}`);
  });

  test("prefers 127.0.0.1, and reports where nothing listens", async (t) => {
    const server = http.createServer((_req, res) => res.end("ok"));
    const port = await listen(t, server);
    assert.deepEqual(await checkReadiness(check(port)), { ready: true, host: "127.0.0.1" });
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(await checkReadiness(check(port)), {
      ready: false,
      why: `nothing listens on 127.0.0.1:${port}`,
    });
  });

  test("asks a server that speaks only HTTP/2 in HTTP/2, and names the setting where it refuses", async (t) => {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => {
      stream.respond(
        { ":status": headers[":path"] === "/healthz" ? 200 : 415 },
        { endStream: true },
      );
    });
    const port = await listen(t, server);
    const ready = await checkReadiness(check(port, { health: "/healthz" }));
    assert.deepEqual(ready, { ready: true, host: "127.0.0.1" });
    const refused = await checkReadiness(check(port, { health: "/" }));
    assert.ok(!refused.ready);
    assert.match(refused.why, /^\/ answers 415; it speaks only HTTP\/2, so set protocol: h2c$/);
  });

  test("waits for a page as long as it is told", async (t) => {
    const server = http.createServer((_req, res) => void delay(300).then(() => res.end("ok")));
    const port = await listen(t, server);
    const slow = await checkReadiness(check(port, { health: "/", timeoutMs: 100 }));
    assert.deepEqual(slow, { ready: false, why: "no answer within 100 ms" });
    const patient = await checkReadiness(check(port, { health: "/" }));
    assert.equal(patient.ready, true);
  });
});
