import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { parseRoute } from "@cocktail/route";
import { Pool } from "undici";
import { ActiveContext } from "./context.ts";
import { bind, current, headers, install, outside, run, uninstall, withRoute } from "./index.ts";
import { callSite, createLeakGuard } from "./leak-guard.ts";
import { silent } from "./logger.ts";
import { shared } from "./shared-state.ts";
import { call, callEcho, echo, fetchEcho, next, type Running, serve } from "../test/servers.ts";

const routed = { headers: { "x-service-route": "payment-service:mp-101" } };
interface Warning {
  readonly reason: string;
  readonly site?: string;
  readonly message: string;
}

describe("the leak guard", () => {
  let downstream: Running;
  let warnings: Warning[] = [];
  const log = {
    ...silent,
    warn: (fields: object, message: string) => warnings.push({ reason: "", ...fields, message }),
  };

  before(async () => {
    downstream = await serve(echo);
  });
  after(async () => {
    uninstall();
    await downstream[Symbol.asyncDispose]();
  });
  afterEach(() => {
    uninstall();
    shared.contextForAll = false;
    warnings = [];
  });

  const guarded = (): void => install({ hosts: [downstream.host], log, leakGuard: { graceMs: 0 } });
  const reasons = (): string[] => warnings.map(({ reason }) => reason);

  /** A server whose request leaves work behind, and the end of that request. */
  async function leave(what: () => void): Promise<void> {
    const closed = Promise.withResolvers<void>();
    await using front = await serve(
      withRoute((_request, response) => {
        response.once("close", closed.resolve);
        what();
        response.end();
      }),
    );
    await call(`${front.url}/checkout?secret=1`, routed);
    await closed.promise;
  }

  it("tells of a call with the context of a request that was answered, with its place", async () => {
    guarded();
    let later = (): Promise<unknown> => Promise.reject(new Error("not set"));
    await leave(() => {
      later = bind(() => callEcho(downstream.url));
    });
    await later();
    assert.deepEqual(reasons(), ["RequestEnded"]);
    assert.match(
      warnings[0]?.message ?? "",
      /^GET http:\/\/127\.0\.0\.1:\d+ carries the context of GET \/checkout \(payment-service:mp-101\), which was answered \d+ ms ago at .*servers\.ts:\d+:\d+\. Something/,
    );
    assert.doesNotMatch(warnings[0]?.message ?? "", /secret/);
  });

  it("tells of headers() too, once per call site", async () => {
    guarded();
    let later = (): void => assert.fail("not set");
    await leave(() => {
      later = bind(() => {
        for (let n = 0; n < 3; n++) headers();
        headers();
      });
    });
    later();
    later();
    assert.deepEqual(reasons(), ["RequestEnded", "RequestEnded"], "two places, each once");
    assert.notEqual(warnings[0]?.site, warnings[1]?.site);
    for (const { site } of warnings) assert.match(site ?? "", /leak-guard\.test\.ts/);
  });

  it("is silent about work during the request, after it within the grace, and with a context of its own", async () => {
    install({ hosts: [downstream.host], log, leakGuard: { graceMs: 60_000 } });
    let later = (): Promise<unknown> => Promise.reject(new Error("not set"));
    await leave(() => {
      headers();
      later = bind(() => callEcho(downstream.url));
    });
    await later();
    await outside(() => callEcho(downstream.url));
    assert.deepEqual(warnings, []);
  });

  it("is silent about work that took the route along and left the request", async () => {
    guarded();
    let later = (): Promise<unknown> => Promise.reject(new Error("not set"));
    await leave(() => {
      const { route } = current();
      later = outside(() => run(route, () => bind(() => callEcho(downstream.url))));
    });
    await later();
    assert.deepEqual(warnings, []);
  });

  it("tells of a call without any context while routed requests are being answered", async () => {
    guarded();
    const entered = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await using front = await serve(
      withRoute(async (_request, response) => {
        entered.resolve();
        await answer.promise;
        response.end();
      }),
    );
    const pending = call(front.url, routed);
    await entered.promise;
    await fetchEcho(downstream.url);
    assert.deepEqual(reasons(), ["ContextLost"]);
    await outside(() => callEcho(downstream.url));
    assert.equal(warnings.length, 1, "outside() says that it is meant");
    answer.resolve();
    await pending;
  });

  it("is silent about such a call where all requests are unrouted, or none is there, or it goes to others", async () => {
    guarded();
    await using stranger = await serve(echo);
    await using front = await serve(
      withRoute(async (request, response) => {
        await shared.storage.run(undefined, () =>
          fetchEcho(
            request.headers["x-service-route"] === undefined ? downstream.url : stranger.url,
          ),
        );
        response.end();
      }),
    );
    await call(front.url);
    await call(front.url, routed);
    await fetchEcho(downstream.url);
    assert.deepEqual(warnings, []);
  });

  it("counts no request twice and none forever", async () => {
    guarded();
    await using front = await serve(withRoute(withRoute((_request, response) => response.end())));
    await Promise.all(Array.from({ length: 20 }, () => call(front.url, routed)));
    await using hanging = await serve(withRoute((request) => request.destroy()));
    await assert.rejects(call(hanging.url, routed));
    await fetchEcho(downstream.url);
    assert.deepEqual(warnings, [], "a request is still counted");
  });

  it("tells of a server that was started inside of a request", async () => {
    guarded();
    const inner = Promise.withResolvers<Running>();
    await leave(() => {
      serve(withRoute((_request, response) => response.end())).then(inner.resolve, inner.reject);
    });
    await using server = await inner.promise;
    await call(server.url);
    assert.deepEqual(reasons(), ["ServerInRequest"]);
  });

  it("warns through the process where it has no log", async () => {
    install({ hosts: [downstream.host], leakGuard: { graceMs: 0 } });
    let later = (): void => assert.fail("not set");
    await leave(() => {
      later = bind(() => void headers());
    });
    const warned = next<Error>(process, "warning");
    later();
    const warning = await warned;
    assert.equal(warning.name, "CocktailContextWarning");
  });

  it("warns through the log that it was given after it was switched on", async () => {
    install({ hosts: [downstream.host], leakGuard: { graceMs: 0 } });
    install({ log });
    let later = (): void => assert.fail("not set");
    await leave(() => {
      later = bind(() => void headers());
    });
    later();
    assert.deepEqual(reasons(), ["RequestEnded"]);
  });

  it("is off unless it was asked for", () => {
    install();
    assert.equal(shared.guard, undefined);
    assert.equal(shared.contextForAll, false);
    install({ leakGuard: true });
    assert.notEqual(shared.guard, undefined);
    install();
    assert.notEqual(shared.guard, undefined, "a later install without the option leaves it");
    install({ leakGuard: false });
    assert.equal(shared.guard, undefined);
  });

  it("is on in development, unless the service said no", () => {
    const { COCKTAIL_LEAK_GUARD: said, NODE_ENV: environment } = process.env;
    try {
      for (const [guard, node, on] of [
        ["on", "production", true],
        ["off", "development", false],
        [undefined, "development", true],
        [undefined, "test", false],
        ["", "development", true],
      ] as const) {
        if (guard === undefined) delete process.env["COCKTAIL_LEAK_GUARD"];
        else process.env["COCKTAIL_LEAK_GUARD"] = guard;
        process.env["NODE_ENV"] = node;
        install();
        assert.equal(shared.guard !== undefined, on, `${guard} ${node}`);
        uninstall();
        install({ leakGuard: false });
        install();
        assert.equal(shared.guard, undefined, "an adapter switched it on again");
        uninstall();
      }
      process.env["COCKTAIL_LEAK_GUARD"] = "true";
      assert.throws(() => install(), /COCKTAIL_LEAK_GUARD is "true", .* Write on or off/);
    } finally {
      uninstall();
      delete process.env["COCKTAIL_LEAK_GUARD"];
      if (said !== undefined) process.env["COCKTAIL_LEAK_GUARD"] = said;
      delete process.env["NODE_ENV"];
      if (environment !== undefined) process.env["NODE_ENV"] = environment;
    }
  });

  it("tells once of calls whose place is in nobody's stack, however old their requests are", () => {
    let now = 0;
    const guard = createLeakGuard({
      log: () => log,
      graceMs: 0,
      now: () => ++now,
      stack: () => "",
    });
    const record = { label: "GET /", endedAt: undefined };
    const done = guard.entered(record, true);
    for (let count = 0; count < 5; count++)
      guard.used(undefined, { method: "GET", target: "http://a" });
    done();
    const context = new ActiveContext(parseRoute({ pins: "a:b" }).route, undefined, record);
    for (let count = 0; count < 5; count++)
      guard.used(context, { method: "GET", target: "http://a" });
    guard.used(context, { method: "POST", target: "http://a" });
    assert.deepEqual(reasons(), ["ContextLost", "RequestEnded", "RequestEnded"]);
  });

  it("names the place of a call that waited in a pool", async () => {
    guarded();
    const pool = new Pool(downstream.url, { connections: 1 });
    let later = (): Promise<unknown> => Promise.reject(new Error("not set"));
    await leave(() => {
      later = bind(() =>
        Promise.all(
          Array.from({ length: 5 }, async () => {
            const { body } = await pool.request({ path: "/", method: "GET" });
            await body.dump();
          }),
        ),
      );
    });
    await later();
    await pool.close();
    const places = warnings.filter(({ reason }) => reason === "RequestEnded");
    for (const { site } of places) assert.match(site ?? "", /leak-guard\.test\.ts/);
    assert.equal(places.length, 1, "the place once");
  });

  it("reports at most a hundred places", () => {
    let n = 0;
    const guard = createLeakGuard({
      log: () => log,
      graceMs: 0,
      now: () => 0,
      stack: () => `Error\n    at f (/app/f.ts:${++n}:1)`,
    });
    const done = guard.entered({ label: "GET /", endedAt: undefined }, true);
    for (let count = 0; count < 500; count++)
      guard.used(undefined, { method: "GET", target: "http://a" });
    done();
    assert.equal(warnings.length, 100);
  });
});

describe("the call site", () => {
  it("is the first frame of the service itself", () => {
    const stack = [
      "Error: call site",
      "    at node:internal/deps/undici/undici:1:2",
      "    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
      "    at Object.get (/app/node_modules/axios/index.js:1:1)",
      "    at async pay (file:///app/src/pay.ts:12:7)",
      "    at main (/app/src/main.ts:1:1)",
    ].join("\n");
    assert.equal(callSite(stack), "file:///app/src/pay.ts:12:7");
    assert.equal(callSite("Error\n    at node:internal/x:1:2"), undefined);
    assert.equal(callSite(""), undefined);
    assert.equal(callSite("Error\n    at /app/a.js:1:2"), "/app/a.js:1:2");
  });
});
