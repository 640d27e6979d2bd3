import assert from "node:assert/strict";
import http2 from "node:http2";
import { test, type TestContext } from "node:test";
import { createGateway } from "@cocktail/gateway";
import { emptyTable } from "@cocktail/route";
import { RouteProbe } from "./route-probe.ts";

const ref = { service: "cart", key: "stable", incarnation: 1 };

/** A probe of a service whose protocol nobody has named. */
function probeOf(t: TestContext, destination: string): RouteProbe {
  const variant = {
    incarnation: 1,
    tier: "stable",
    revision: "0000000",
    destination,
    onUnavailable: "Fail",
  } as const;
  const gateway = createGateway({
    table: { ...emptyTable("00000000"), epoch: 1, services: { cart: { stable: variant } } },
    settings: { domain: "localhost", services: { cart: { entry: false, protocol: "auto" } } },
  });
  t.after(() => gateway.close({ graceMs: 0 }));
  return new RouteProbe({ gateway, health: () => undefined });
}

test("a server that speaks gRPC alone answers the probe", async (t) => {
  const server = http2.createServer();
  server.on("stream", (stream, headers) => {
    if (headers["content-type"] !== "application/grpc") stream.close();
    else
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "12" },
        { endStream: true },
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  assert.deepEqual(await probeOf(t, `http://127.0.0.1:${port}`).probe(ref), { ok: true });
});

test("a server that is down answers neither, and the first answer says why", async (t) => {
  const result = await probeOf(t, "http://127.0.0.1:9").probe(ref);
  assert.ok(!result.ok);
  assert.match(result.message, /the gateway answers 503 for cart:stable/);
});
