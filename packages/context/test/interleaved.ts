import assert from "node:assert/strict";
import { createServer } from "node:http";
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
  parsed,
  portOf,
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

/**
 * Sends 1,000 requests with different routes, 100 at a time, to a service with one of the adapters, which calls another
 * in every way there is. Fails where one of them ran with the route of another, or carried it.
 */
export async function interleave(
  adapter: keyof typeof adapters,
  expectation: Expectation = {},
): Promise<void> {
  await using downstream = await serve(echo);
  install({ hosts: [downstream.host] });
  await using front = await adapters[adapter]((body) => work(downstream.url, body));
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < total) await check(front.url, next++, expectation);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  assert.equal(next, total);
}

async function check(front: string, n: number, { also, foreign }: Expectation): Promise<void> {
  const pins = n % 7 === 0 ? "" : `payment-service:mp-${n}::cart-service:b${n}`;
  const posted = n % 2 === 0 ? `body of ${n}` : "";
  const answer = await call(front, {
    headers: headersOf(n, pins, foreign),
    ...(posted === "" ? {} : { method: "POST", body: posted }),
  });
  assert.equal(answer.status, 200, answer.body);
  const report = parsed<Report>(answer.body);
  assert.equal(report.key, pins, `request ${n} ran with the route of another`);
  assert.equal(report.body, posted);
  assert.equal(report.seen.length, 4);
  for (const seen of report.seen) {
    checkCall(seen, n, pins);
    also?.(seen, n);
  }
}

/** Every third carries its route in the baggage only. */
function headersOf(n: number, pins: string, foreign: string | undefined): Record<string, string> {
  const inBaggage = pins !== "" && n % 3 === 0;
  const members = foreign === undefined ? [] : [foreign];
  if (inBaggage) members.push(`service-route=${encodeURIComponent(pins)}`);
  return {
    "content-type": "text/plain",
    ...(members.length === 0 ? {} : { baggage: members.join(",") }),
    ...(pins === "" || inBaggage ? {} : { "x-service-route": pins }),
  };
}

function checkCall(seen: Seen, n: number, pins: string): void {
  const carried = seen.headers["x-service-route"] ?? "";
  assert.equal(carried, pins, `a call of request ${n} carried another's route`);
  assert.equal(lines(seen, "x-service-route"), pins === "" ? 0 : 1);
  const baggage = String(seen.headers["baggage"] ?? "");
  const ours = baggage.match(/service-route=[^,]*/g) ?? [];
  assert.deepEqual(ours, pins === "" ? [] : [`service-route=${encodeURIComponent(pins)}`]);
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
    undiciRequest(`${downstream}/undici`).then(async (answer) =>
      parsed<Seen>(await answer.body.text()),
    ),
  ]);
  return { key, body, seen: [first, ...rest] };
}

type Handler = (body: string) => Promise<Report>;

const adapters = {
  "node:http": (handle: Handler): Promise<Running> =>
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
  fastify: async (handle: Handler): Promise<Running> => {
    const app = fastify();
    await app.register(fastifyContext);
    app.addContentTypeParser("text/plain", { parseAs: "string" }, (_request, body, done) =>
      done(null, body),
    );
    app.all("/", (request) => handle(typeof request.body === "string" ? request.body : ""));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const port = portOf(app.server);
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
  express: (handle: Handler): Promise<Running> => {
    const app = express();
    app.use(expressContext());
    app.use(express.text());
    app.all("/", (request, response, next) => {
      const body: unknown = request.body;
      handle(typeof body === "string" ? body : "").then((report) => response.json(report), next);
    });
    return serve(createServer(app));
  },
};
