import { test } from "node:test";
import { interleave } from "../test/interleaved.ts";

test("1,000 interleaved requests are never mixed by node:http, the body read by events", async () => {
  await interleave("node:http");
});

test("1,000 interleaved requests are never mixed by fastify", async () => {
  await interleave("fastify");
});

test("1,000 interleaved requests are never mixed by express", async () => {
  await interleave("express");
});
