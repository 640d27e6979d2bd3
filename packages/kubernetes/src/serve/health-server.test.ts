import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Registry } from "prom-client";
import { type HealthServer, serveHealth } from "./health-server.ts";
import { registerRuntimeMetrics } from "./runtime-metrics.ts";

let server: HealthServer;
let failure: string | undefined;
const registry = new Registry();

before(async () => {
  const metrics = registerRuntimeMetrics(registry);
  metrics.leader("operator")(true);
  metrics.answered({ code: "200", method: "GET", host: "api" });
  server = await serveHealth({
    host: "127.0.0.1",
    port: 0,
    registry,
    ready: {
      caches: () => failure,
      leader: () => {
        if (failure !== undefined) throw new Error("thrown");
        return undefined;
      },
    },
  });
});
after(async () => {
  await server.close();
});

const ask = async (path: string, method = "GET"): Promise<readonly [number, string]> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return [response.status, await response.text()];
};

test("health says which check fails and why, by status and by line", async () => {
  assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
  assert.deepEqual(await ask("/readyz?verbose"), [200, "[+]caches ok\n[+]leader ok\nok\n"]);
  failure = "not synced";
  assert.deepEqual(await ask("/readyz"), [
    503,
    "[-]caches failed: not synced\n[-]leader failed: thrown\nnot ok\n",
  ]);
  failure = undefined;
});

test("metrics have the names of controller-runtime and client-go", async () => {
  const [status, text] = await ask("/metrics");
  assert.equal(status, 200);
  assert.match(text, /^leader_election_master_status\{name="operator"\} 1$/m);
  assert.match(text, /^rest_client_requests_total\{code="200",method="GET",host="api"\} 1$/m);
});

test("other paths and methods are refused", async () => {
  assert.equal((await ask("/debug"))[0], 404);
  assert.equal((await ask("/healthz", "POST"))[0], 405);
  assert.deepEqual(await ask("/healthz", "HEAD"), [200, ""]);
});

test("a client that sends its head slowly, or too much of it, is cut off", async () => {
  for (const text of [
    "GET /healthz HTTP/1.1\r\nHost: a\r\n",
    `GET /healthz HTTP/1.1\r\nx: ${"x".repeat(20_000)}`,
  ]) {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(text);
    socket.resume();
    await once(socket, "close", { signal: AbortSignal.timeout(30_000) });
  }
});

test("closing ends open connections", async () => {
  const own = await serveHealth({ host: "127.0.0.1", port: 0, registry });
  const socket = connect(own.port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  await own.close();
  if (!socket.closed) await once(socket, "close", { signal: AbortSignal.timeout(30_000) });
});
