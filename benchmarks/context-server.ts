import { Agent, get } from "node:http";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { routeContext } from "@cocktail/context/fastify";
import { context, propagation, trace } from "@opentelemetry/api";
import * as managers from "@opentelemetry/context-async-hooks";
import * as core from "@opentelemetry/core";
import * as http from "@opentelemetry/instrumentation-http";
import * as sdk from "@opentelemetry/sdk-trace";

// A service started the way its documentation says, at the port it is told; it calls the service at `upstream`. Each loads what any of them uses: merely
// loading one module more, or less, moved the cost of a request by a quarter, up or down, whichever module it was.
const [contestant, port, upstream = ""] = process.argv.slice(2);
if (contestant === "opentelemetry") startOpenTelemetry();
const { fastify } = await import("fastify");
const app = fastify();
if (contestant === "context")
  await app.register(routeContext, { leakGuard: false, hosts: [new URL(upstream).host] });
app.get("/", () => ({ hello: "world" }));
app.get("/fetch", async () => (await fetch(upstream)).text());
const agent = new Agent({ keepAlive: true });
app.get("/http", (_, reply) => {
  get(upstream, { agent }, (answer) => {
    answer.resume();
    answer.on("end", () => void reply.send("ok"));
  });
});
await app.listen({ port: Number(port), host: "127.0.0.1" });

/** Only the HTTP instrumentation, W3C propagation and a processor that drops every span: the least it can cost. */
function startOpenTelemetry(): void {
  context.setGlobalContextManager(new managers.AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new core.CompositePropagator({
      propagators: [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()],
    }),
  );
  const provider = new sdk.TracerProvider({ spanProcessors: [new sdk.NoopSpanProcessor()] });
  trace.setGlobalTracerProvider(provider);
  const instrumentation = new http.HttpInstrumentation();
  instrumentation.setTracerProvider(provider);
  createRequire(import.meta.url)("node:http");
  syncBuiltinESMExports();
}
