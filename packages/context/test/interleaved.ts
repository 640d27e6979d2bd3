import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import express from "express";
import fastify from "fastify";
import { request as undiciRequest } from "undici";
import { current, install, withRoute } from "../src/index.ts";
import { routeContext as expressContext } from "../src/express.ts";
import { routeContext as fastifyContext } from "../src/fastify.ts";
import {
  call,
  callEcho,
  echo,
  fetchEcho,
  lines,
  type Running,
  type Seen,
  serve,
} from "./servers.ts";

/** What one request saw: of its own context, and what its calls carried. */
interface Report {
  readonly key: string;
  readonly body: string;
  readonly seen: readonly Seen[];
}

const total = 1000;
const atOnce = 100;

export interface Expectation {
  /** More to hold for what a downstream service saw. */
  readonly also?: (seen: Seen, n: number) => void;
  /** The baggage of the incoming request, beside the route. */
  readonly foreign?: string;
}

/** 1,000 requests with different routes, 100 at a time, through every adapter and every kind of call. */
export function describeInterleaving(name: string, expectation: Expectation = {}): void {
  describe(`1,000 interleaved requests, ${name}`, () => {
    for (const [adapter, start] of Object.entries(adapters)) {
      it(`are never mixed by ${adapter}`, { timeout: 120_000 }, async () => {
        await using downstream = await serve(echo);
        install({ hosts: [downstream.host] });
        await using front = await start((body) => work(downstream.url, body));
        let next = 0;
        const worker = async (): Promise<void> => {
          while (next < total) await check(front.url, next++, expectation);
        };
        await Promise.all(Array.from({ length: atOnce }, worker));
        assert.equal(next, total);
      });
    }
  });
}

async function check(front: string, n: number, { also, foreign }: Expectation): Promise<void> {
  // Every seventh is unrouted, every third carries its route in the baggage only.
  const pins = n % 7 === 0 ? undefined : `payment-service:mp-${n}::cart-service:b${n}`;
  const headers: Record<string, string> = { "x-n": String(n) };
  const members = foreign === undefined ? [] : [foreign];
  if (pins !== undefined && n % 3 === 0) members.push(`service-route=${encodeURIComponent(pins)}`);
  else if (pins !== undefined) headers["x-service-route"] = pins;
  if (members.length > 0) headers["baggage"] = members.join(",");

  const method = n % 2 === 0 ? "POST" : "GET";
  const body = method === "POST" ? { body: `body of ${n}`, method } : {};
  const answer = await call(front, {
    headers: { ...headers, "content-type": "text/plain" },
    ...body,
  });
  assert.equal(answer.status, 200, answer.body);
  const report = JSON.parse(answer.body) as Report;
  assert.equal(report.key, pins ?? "", `request ${n} ran with the route of another`);
  assert.equal(report.body, method === "POST" ? `body of ${n}` : "");
  assert.equal(report.seen.length, 4);
  for (const seen of report.seen) {
    assert.equal(
      seen.headers["x-service-route"],
      pins,
      `a call of request ${n} carried another's route`,
    );
    if (pins !== undefined) assert.equal(lines(seen, "x-service-route"), 1);
    const ours = (seen.headers["baggage"]?.toString() ?? "").match(/service-route=[^,]*/g) ?? [];
    assert.deepEqual(ours, pins === undefined ? [] : [`service-route=${encodeURIComponent(pins)}`]);
    also?.(seen, n);
  }
}

/** What a handler does: wait in several ways, then call in several ways. */
async function work(downstream: string, body: string): Promise<Report> {
  await turn();
  await pause(Math.random() * 4);
  const { key } = current();
  const first = await fetchEcho(`${downstream}/fetch`);
  const rest = await Promise.all([
    callEcho(`${downstream}/http`),
    callEcho(`${downstream}/posted`, { method: "POST", body: "x" }),
    undiciRequest(`${downstream}/undici`).then(
      async (answer) => (await answer.body.json()) as Seen,
    ),
  ]);
  return { key, body, seen: [first, ...rest] };
}

type Handler = (body: string) => Promise<Report>;

const adapters: Record<string, (handle: Handler) => Promise<Running>> = {
  "node:http, the body read by events": (handle) =>
    serve(
      withRoute((request, response) => {
        let body = "";
        request.on("data", (chunk: Buffer) => (body += chunk.toString()));
        request.on("end", () => {
          handle(body).then(
            (report) => response.end(JSON.stringify(report)),
            (error: unknown) => response.writeHead(500).end(String(error)),
          );
        });
      }),
    ),
  fastify: async (handle) => {
    const app = fastify();
    await app.register(fastifyContext);
    app.addContentTypeParser("text/plain", { parseAs: "string" }, (_request, body, done) =>
      done(null, body),
    );
    app.all("/", (request) => handle(typeof request.body === "string" ? request.body : ""));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}/`,
      host: `127.0.0.1:${port}`,
      port,
      [Symbol.asyncDispose]: async () => {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
  express: (handle) => {
    const app = express();
    app.use(expressContext());
    app.use(express.text());
    app.all("/", async (request, response) => {
      response.json(await handle(typeof request.body === "string" ? request.body : ""));
    });
    return serve(createServer(app));
  },
};
