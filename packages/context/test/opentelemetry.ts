import assert from "node:assert/strict";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { NoopSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Expectation } from "./interleaved.ts";
import { lines } from "./servers.ts";

/**
 * Switches OpenTelemetry on in this process, as a service with it would be: HTTP and undici instrumentation, W3C trace
 * context and baggage. Whether it starts before or after the library decides the order of the two on each call.
 */
export function startOpenTelemetry(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    }),
  );
  const tracerProvider = new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] });
  trace.setGlobalTracerProvider(tracerProvider);
  for (const instrumentation of [new HttpInstrumentation(), new UndiciInstrumentation()]) {
    instrumentation.setTracerProvider(tracerProvider);
  }
  // The instrumentation patches a module when it is required, and imports see the patches only after this.
  const require = createRequire(import.meta.url);
  require("node:http");
  require("node:https");
  syncBuiltinESMExports();
}

/** What holds beside OpenTelemetry: it is at work, and its baggage and ours are both there. */
export const beside: Expectation = {
  foreign: "tenant=acme;tier=gold,user%20id=42",
  also: (seen, n) => {
    const { traceparent, baggage } = seen.headers;
    assert.match(String(traceparent), /^00-[0-9a-f]{32}-/, "OpenTelemetry is not at work");
    const members = String(baggage).split(",");
    const where = `in a call of request ${n}: ${members.join(" | ")}`;
    assert.ok(members.includes("tenant=acme;tier=gold"), `a member was harmed ${where}`);
    assert.ok(
      members.some((member) => member.endsWith("=42")),
      `a member was lost ${where}`,
    );
    assert.equal(lines(seen, "baggage"), 1);
  },
};
