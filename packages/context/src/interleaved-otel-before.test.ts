import { test } from "node:test";
import { install } from "./index.ts";
import { interleave } from "../test/interleaved.ts";
import { beside, startOpenTelemetry } from "../test/opentelemetry.ts";

// OpenTelemetry starts before the library: its part comes first on every call.
startOpenTelemetry();
install();

test("1,000 interleaved requests are never mixed by node:http, the body read by events", async () => {
  await interleave("node:http", beside);
});

test("1,000 interleaved requests are never mixed by fastify", async () => {
  await interleave("fastify", beside);
});

test("1,000 interleaved requests are never mixed by express", async () => {
  await interleave("express", beside);
});
