import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { defaultHeaderNames } from "@cocktail/route";
import express from "express";
import fastify from "fastify";
import { current, install, outside, perContext, run, uninstall, withRoute } from "./index.ts";
import { enter } from "./entry.ts";
import { routeContext as expressContext } from "./express.ts";
import { routeContext as fastifyContext } from "./fastify.ts";
import { shared } from "./shared-state.ts";
import { makeSniffer } from "./sniff.ts";
import {
  call,
  callEcho,
  echo,
  next,
  parsed,
  type Running,
  type Seen,
  serve,
} from "../test/servers.ts";

describe("a request", () => {
  let downstream: Running;
  let front: Running;

  before(async () => {
    downstream = await serve(echo);
    install({ hosts: [downstream.host] });
    front = await serve(
      withRoute(async (request, response) => {
        const { key, traced } = current();
        // The baggage that came in goes on with the call, as it does in a service with OpenTelemetry.
        const { baggage } = request.headers;
        const given = typeof baggage === "string" ? { headers: { baggage } } : {};
        const { headers } = await callEcho(downstream.url, given);
        response.end(JSON.stringify({ key, traced, headers }));
      }),
    );
  });
  after(async () => {
    uninstall();
    await front[Symbol.asyncDispose]();
    await downstream[Symbol.asyncDispose]();
  });

  const send = async (headers: Record<string, string | string[]>) => {
    const answer = await call(front.url, { headers });
    return parsed<{ key: string; traced: boolean; headers: Seen["headers"] }>(answer.body);
  };

  it("brings pins, environment, mode and the request for a trace", async () => {
    const { key, traced, headers } = await send({
      "x-service-route": "payment-service:mp-101",
      "x-source-route": "ops-101",
      "x-route-mode": "strict",
      "x-route-trace": "on",
    });
    assert.equal(key, "payment-service:mp-101;environment=ops-101;mode=strict");
    assert.equal(traced, true);
    assert.equal(headers["x-service-route"], "payment-service:mp-101");
    assert.equal(headers["x-source-route"], "ops-101");
    assert.equal(headers["x-route-mode"], "strict");
    assert.equal(headers["x-route-trace"], "on");
  });

  it("brings repeated lines as one list, in canonical form", async () => {
    const { headers } = await send({ "x-service-route": ["Cart-Service:MP-1", "payment:b,, bad"] });
    assert.equal(headers["x-service-route"], "cart-service:mp-1::payment:b");
  });

  it("brings its route in baggage alone, and goes on in both", async () => {
    const { key, headers } = await send({
      baggage: "user=1,service-route=cart%3Amp-1,source-route=e",
    });
    assert.equal(key, "cart:mp-1;environment=e");
    assert.equal(headers["x-service-route"], "cart:mp-1");
    assert.equal(headers["baggage"], "user=1,service-route=cart%3Amp-1,source-route=e");
  });

  it("hides the baggage member of a field by its header, even a rejected one", async () => {
    const { key, headers } = await send({
      "x-service-route": "not a pin",
      baggage: "service-route=cart%3Amp-1",
    });
    assert.equal(key, "");
    assert.equal(headers["x-service-route"], undefined);
    assert.equal(headers["baggage"], undefined);
  });

  it("without a route has no context at all", async () => {
    const before = shared.contextForAll;
    shared.contextForAll = false;
    let context: unknown = "unset";
    await using bare = await serve(
      withRoute((_request, response) => {
        context = shared.storage.getStore();
        response.end();
      }),
    );
    for (const headers of [{}, { baggage: "user=1" }, { "x-other": "1" }]) {
      await call(bare.url, { headers });
      assert.equal(context, undefined);
    }
    shared.contextForAll = before;
  });

  it("does not inherit the context in which its server was started", async () => {
    await using late = await run(current(), () =>
      serve(withRoute((_request, response) => response.end(current().key))),
    );
    await using inside = await run(
      { pins: new Map([["a", "b"]]), environment: undefined, mode: "fallback" },
      () => serve(withRoute((_request, response) => response.end(current().key))),
    );
    for (const server of [late, inside]) {
      assert.equal((await call(server.url)).body, "");
      assert.equal((await call(server.url, { headers: { "x-service-route": "c:d" } })).body, "c:d");
    }
  });

  it("keeps its context through a second adapter", async () => {
    const contexts: unknown[] = [];
    const app = express();
    for (let n = 0; n < 2; n++) {
      app.use(expressContext());
      app.use((_request, _response, next) => {
        contexts.push(shared.storage.getStore());
        next();
      });
    }
    app.use((_request, response) => response.end());
    await using twice = await serve(withRoute(app));
    await call(twice.url, { headers: { "x-service-route": "a:b" } });
    assert.equal(contexts.length, 2);
    assert.ok(contexts[0] !== undefined && contexts[0] === contexts[1]);
  });

  it("that is upgraded keeps its context for what its socket brings", async () => {
    const server = createServer();
    server.on("upgrade", (request, socket) => {
      enter(request, socket, () => {
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n",
        );
        socket.on("data", () => socket.end(`${current().key}\n`));
      });
    });
    await using upgrading = await serve(server);
    const socket = connect(upgrading.port, "127.0.0.1");
    socket.write(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: test\r\nx-service-route: a:b\r\n\r\n",
    );
    await once(socket, "data");
    socket.write("ping");
    const data = await next<Buffer>(socket, "data");
    assert.equal(data.toString(), "a:b\n");
    socket.destroy();
  });

  it("keeps its context in listeners of its response", async () => {
    const keys = new Map<string, string>();
    const ended = Promise.withResolvers<void>();
    await using listening = await serve(
      withRoute((_request, response) => {
        response.on("finish", () => keys.set("finish", current().key));
        response.on("close", () => {
          keys.set("close", current().key);
          ended.resolve();
        });
        response.end();
      }),
    );
    await call(listening.url, { headers: { "x-service-route": "a:b" } });
    await ended.promise;
    assert.deepEqual(
      [...keys],
      [
        ["finish", "a:b"],
        ["close", "a:b"],
      ],
    );
  });

  it("keeps its context in listeners of its end, with and without a body, also after it was answered", async () => {
    // One that nobody listens to first: the library learns Node's own listener from it.
    await using silent = await serve(withRoute((_request, response) => response.end()));
    await call(silent.url, { headers: { "x-service-route": "a:b" } });
    for (const [when, method] of [
      ["before", "GET"],
      ["before", "POST"],
      ["after", "GET"],
      ["after", "POST"],
    ] as const) {
      const ended = Promise.withResolvers<string>();
      const listen = (request: IncomingMessage, then = (): void => {}): void => {
        request.on("end", () => {
          ended.resolve(current().key);
          then();
        });
        request.resume();
      };
      await using listening = await serve(
        withRoute((request, response) => {
          // Alone, and beside Node, which listens once the answer is out.
          if (when === "before") return listen(request, () => response.end());
          response.on("finish", () => listen(request));
          response.end();
        }),
      );
      const headers = { "x-service-route": "a:b" };
      const body = method === "POST" ? { body: "x" } : {};
      await call(listening.url, { method, headers, ...body });
      assert.equal(await ended.promise, "a:b", `${method}, listened to ${when} the answer`);
    }
  });

  it("that is cut off tells so in its own context", async () => {
    const entered = Promise.withResolvers<void>();
    const key = Promise.withResolvers<string>();
    await using hanging = await serve(
      withRoute((_request, response) => {
        response.on("close", () => key.resolve(current().key));
        entered.resolve();
      }),
    );
    const socket = connect(hanging.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nx-service-route: a:b\r\n\r\n");
    await entered.promise;
    socket.destroy();
    assert.equal(await key.promise, "a:b");
  });

  it("by fastify's inject has a context", async () => {
    const app = fastify();
    await app.register(fastifyContext);
    app.get("/", () => current().key);
    app.register(async (child) => {
      child.get("/child", () => current().key);
    });
    for (const url of ["/", "/child"]) {
      const answer = await app.inject({ url, headers: { "x-service-route": "a:b" } });
      assert.equal(answer.body, "a:b");
      assert.equal((await app.inject({ url })).body, "");
    }
    await app.close();
  });

  it("with other header names brings its route in those", async () => {
    const names = { ...defaultHeaderNames, pins: "x-team-pins" };
    install({ headerNames: names });
    try {
      const { key, headers } = await send({ "x-team-pins": "a:b", "x-service-route": "c:d" });
      assert.equal(key, "a:b");
      assert.equal(headers["x-team-pins"], "a:b");
      assert.equal(headers["x-service-route"], undefined);
    } finally {
      install({ headerNames: defaultHeaderNames });
    }
  });

  it("gets an instance of its own from perContext, the unrouted ones too", async () => {
    let made = 0;
    const instance = perContext(() => ++made);
    await using counting = await serve(
      withRoute(async (_request, response) => {
        const first = instance();
        await new Promise(setImmediate);
        response.end(JSON.stringify([first, instance()]));
      }),
    );
    const answers = await Promise.all(
      [{}, {}, { "x-service-route": "a:b" }, { "x-service-route": "a:b" }].map(async (headers) => {
        const [first, second] = parsed<[number, number]>(
          (await call(counting.url, { headers })).body,
        );
        assert.equal(first, second);
        return first;
      }),
    );
    assert.equal(new Set(answers).size, 4);
    assert.notEqual(instance(), instance(), "outside of a request nothing may be shared");
    outside(() => assert.notEqual(instance(), instance(), "nor where that is meant"));
  });
});

describe("the look at a request's header names", () => {
  const sniff = makeSniffer(defaultHeaderNames);

  it("finds each of them in any case", () => {
    for (const name of [
      "x-service-route",
      "X-Source-Route",
      "X-ROUTE-MODE",
      "x-Route-Trace",
      "Baggage",
    ]) {
      assert.equal(sniff(["Host", "a", name, "v"]), true, name);
    }
  });

  it("is not taken in by headers of the same length, or by values", () => {
    for (const name of [
      "accept-language",
      "x-forwarded-for",
      "content-length",
      "x-service-routf",
      "x-correlation",
      "authorization",
    ]) {
      assert.equal(sniff([name, "x-service-route", "Host", "baggage"]), false, name);
    }
    assert.equal(sniff([]), false);
  });
});
