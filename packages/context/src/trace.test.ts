import assert from "node:assert/strict";
import { createServer as createHttp2Server, connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { formatTrace, maxHops, maxTraceLength, parseTrace } from "@cocktail/route";
import express from "express";
import fastify from "fastify";
import { collectTrace, install, uninstall, withRoute } from "./index.ts";
import { enter } from "./entry.ts";
import { routeContext as expressContext } from "./express.ts";
import { routeContext as fastifyContext } from "./fastify.ts";
import { TraceCollector } from "./trace-collector.ts";
import { call, type Running, serve } from "../test/servers.ts";

const asked = { headers: { "x-route-trace": "on" } };

/** A hop as a gateway writes it. */
function hop(service: string, ms = 1): string {
  return `"${service}";variant="mp-101";via=pin;incarnation=1;caller="shop:stable";ms=${ms.toFixed(1)}`;
}

describe("the trace of a response", () => {
  let downstream: Running;
  const wishes: (string | undefined)[] = [];

  before(async () => {
    // Answers like a gateway: its own hop, where it was asked for.
    downstream = await serve((incoming, outgoing) => {
      const wish = incoming.headers["x-route-trace"];
      wishes.push(wish?.toString());
      const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://here");
      const value = searchParams.get("trace") ?? hop(pathname.slice(1));
      outgoing.setHeader("x-route-trace", value);
      outgoing.end("{}");
    });
    install({ hosts: [downstream.host] });
  });
  after(async () => {
    uninstall();
    await downstream[Symbol.asyncDispose]();
  });

  const viaHttp = (path: string) => call(`${downstream.url}${path}`);
  const viaFetch = async (path: string) => await (await fetch(`${downstream.url}${path}`)).text();

  it("merges what the calls by fetch and node:http brought, in the order of their answers", async () => {
    wishes.length = 0;
    await using front = await serve(
      withRoute(async (_request, response) => {
        await viaFetch("/cart-service");
        await viaHttp("/order-service");
        response.end();
      }),
    );
    const answer = await call(front.url, asked);
    assert.equal(
      answer.headers["x-route-trace"],
      `${hop("cart-service")}, ${hop("order-service")}`,
    );
    assert.deepEqual(wishes, ["on", "on"], "the request was not passed on");
  });

  it("is there only where it was asked for", async () => {
    wishes.length = 0;
    await using front = await serve(
      withRoute(async (_request, response) => {
        await viaFetch("/cart-service");
        response.end();
      }),
    );
    for (const headers of [{}, { "x-route-trace": "off" }, { "x-service-route": "a:b" }]) {
      assert.equal((await call(front.url, { headers })).headers["x-route-trace"], undefined);
    }
    assert.deepEqual(wishes, [undefined, undefined, undefined]);
  });

  it("is absent where no call was made", async () => {
    await using front = await serve(withRoute((_request, response) => response.end()));
    assert.equal((await call(front.url, asked)).headers["x-route-trace"], undefined);
  });

  it("does not take the hops of third parties", async () => {
    await using stranger = await serve((_incoming, outgoing) => {
      outgoing.writeHead(200, { "x-route-trace": hop("evil") }).end();
    });
    await using front = await serve(
      withRoute(async (_request, response) => {
        await (await fetch(stranger.url)).text();
        await call(stranger.url);
        response.end();
      }),
    );
    assert.equal((await call(front.url, asked)).headers["x-route-trace"], undefined);
  });

  it("keeps 1,000 traces apart", async () => {
    await using front = await serve(
      withRoute(async (request, response) => {
        const n = String(request.headers["x-n"]);
        await Promise.all([viaFetch(`/a-${n}`), viaHttp(`/b-${n}`)]);
        response.end();
      }),
    );
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 1000) {
        const n = next++;
        const answer = await call(front.url, {
          headers: { "x-route-trace": "on", "x-n": String(n) },
        });
        const { hops } = parseTrace(String(answer.headers["x-route-trace"]));
        assert.deepEqual(hops.map((one) => one.service).toSorted(), [`a-${n}`, `b-${n}`]);
      }
    };
    await Promise.all(Array.from({ length: 50 }, worker));
  });

  it("says what the service set by hand once, however it was set", async () => {
    const seen = hop("cart-service");
    const own = hop("by-hand");
    const ways: Record<string, Parameters<typeof withRoute>[0]> = {
      setHeader: (_request, response) =>
        response.setHeader("X-Route-Trace", `${seen}, ${own}`).end(),
      "writeHead with an object": (_request, response) =>
        response.writeHead(201, { "X-Route-Trace": `${seen}, ${own}`, "x-other": "kept" }).end(),
      "writeHead with a flat array": (_request, response) =>
        response
          .writeHead(201, "Made", ["X-Route-Trace", `${seen}, ${own}`, "x-other", "kept"])
          .end(),
    };
    // Node's types don't have this form.
    const nested: unknown = [
      ["X-Route-Trace", `${seen}, ${own}`],
      ["x-other", "kept"],
      ["set-cookie", ["a=1", "b=2"]],
    ];
    ways["writeHead with a nested array"] = (_request, response) => {
      Reflect.apply(response.writeHead, response, [201, nested]);
      response.end();
    };
    for (const [name, answerBy] of Object.entries(ways)) {
      await using front = await serve(
        withRoute(async (request, response) => {
          await viaFetch("/cart-service");
          answerBy(request, response);
        }),
      );
      const answer = await call(front.url, asked);
      assert.equal(answer.headers["x-route-trace"], `${seen}, ${own}`, name);
      if (name !== "setHeader")
        assert.deepEqual([answer.status, answer.headers["x-other"]], [201, "kept"]);
    }
  });

  it("leaves the other headers of writeHead as they are", async () => {
    const cookies = ["a=1", "b=2"];
    const forms: unknown[] = [
      { "set-cookie": cookies, "x-other": "kept" },
      ["set-cookie", cookies, "x-other", "kept"],
      [
        ["set-cookie", cookies],
        ["x-other", "kept"],
      ],
    ];
    for (const form of forms) {
      await using front = await serve(
        withRoute(async (_request, response) => {
          await viaFetch("/cart-service");
          response.setHeader("x-earlier", "kept");
          Reflect.apply(response.writeHead, response, [202, "Fine", form]);
          response.end();
        }),
      );
      const { status, headers } = await call(front.url, asked);
      assert.deepEqual(
        [
          status,
          headers["x-route-trace"],
          headers["set-cookie"],
          headers["x-other"],
          headers["x-earlier"],
        ],
        [202, hop("cart-service"), cookies, "kept", "kept"],
      );
    }
  });

  it("is written by fastify and express too", async () => {
    const app = fastify();
    await app.register(fastifyContext);
    app.get("/", async () => ({ body: await viaFetch("/cart-service") }));
    app.get("/by-hand", async (_request, reply) => {
      await viaFetch("/cart-service");
      return reply.header("x-route-trace", hop("by-hand")).send({});
    });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    assert.equal((await call(url, asked)).headers["x-route-trace"], hop("cart-service"));
    assert.equal(
      (await call(`${url}/by-hand`, asked)).headers["x-route-trace"],
      `${hop("cart-service")}, ${hop("by-hand")}`,
    );
    await app.close();

    const other = express();
    other.use(expressContext());
    other.get("/", (_request, response, next) => {
      viaFetch("/cart-service").then(() => response.json({}), next);
    });
    await using front = await serve(other);
    assert.equal((await call(front.url, asked)).headers["x-route-trace"], hop("cart-service"));
  });

  it("takes what the library can't see, by collectTrace, and is written over HTTP/2", async () => {
    const server = createHttp2Server((request, response) => {
      enter(request, response, () => {
        collectTrace(undefined);
        collectTrace(hop("by-http2"));
        response.end();
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const session = connect(`http://127.0.0.1:${address.port}`);
    const stream = session.request({ ":path": "/", "x-route-trace": "on" });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.on("response", resolve).on("error", reject);
    });
    assert.equal(headers["x-route-trace"], hop("by-http2"));
    session.destroy();
    await new Promise((closed) => server.close(closed));
  });

  it("leaves an interim answer alone", async () => {
    await using front = await serve(
      withRoute(async (_request, response) => {
        response.writeEarlyHints({ link: "</a.css>; rel=preload" });
        await viaFetch("/cart-service");
        response.end();
      }),
    );
    assert.equal((await call(front.url, asked)).headers["x-route-trace"], hop("cart-service"));
  });

  it("holds at most 64 items and 4 KiB, and says where it was cut", async () => {
    await using front = await serve(
      withRoute(async (_request, response) => {
        for (let n = 0; n < 70; n++) await viaHttp(`/s${n}`);
        response.end();
      }),
    );
    const value = String((await call(front.url, asked)).headers["x-route-trace"]);
    assert.ok(value.length <= maxTraceLength);
    assert.ok(value.endsWith(", truncated"));
    assert.ok(parseTrace(value).hops.length <= maxHops);
  });
});

describe("the trace collector", () => {
  it("keeps at most 64 hops, however many come", () => {
    const collector = new TraceCollector();
    for (let n = 0; n < 200; n++) collector.add(`"s";via=none`);
    const { hops, truncated } = parseTrace(String(collector.header()));
    assert.deepEqual([hops.length, truncated], [maxHops, true]);
  });

  it("swallows what is no trace, and says that something is missing", () => {
    const collector = new TraceCollector();
    assert.equal(collector.header(), undefined);
    collector.add("\u0000 not a trace");
    assert.equal(collector.header(), formatTrace({ hops: [], truncated: true }));
  });
});
