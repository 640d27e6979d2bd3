import { createRequire, syncBuiltinESMExports } from "node:module";
import { context, propagation, trace } from "@opentelemetry/api";

// A service started the way its documentation says, as a child of the benchmark.
const contestant = process.argv[2];
if (contestant === "opentelemetry") await startOpenTelemetry();
const { fastify } = await import("fastify");
const app = fastify();
if (contestant === "context") {
  const { routeContext } = await import("@cocktail/context/fastify");
  await app.register(routeContext, { leakGuard: false });
}
app.get("/", () => ({ hello: "world" }));
const url = await app.listen({ port: 0, host: "127.0.0.1" });
process.on("message", () => process.send?.({ cpu: totalOf(process.cpuUsage()) }));
process.on("disconnect", () => process.exit());
process.send?.({ url });

/** Only the HTTP instrumentation, W3C propagation and a processor that drops every span: the least it can cost. */
async function startOpenTelemetry(): Promise<void> {
  const [managers, core, http, sdk] = await Promise.all([
    import("@opentelemetry/context-async-hooks"),
    import("@opentelemetry/core"),
    import("@opentelemetry/instrumentation-http"),
    import("@opentelemetry/sdk-trace"),
  ]);
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

function totalOf({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
