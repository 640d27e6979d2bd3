import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { defaultHeaderNames, parseRoute, unrouted } from "@cocktail/route";
import * as fc from "fast-check";
import { bind, contextFrom, current, headers, install, outside, run, uninstall } from "./index.ts";

const { route } = parseRoute({ pins: "payment-service:mp-101", environment: "ops-101" });

describe("the context", () => {
  it("is the unrouted one where there is none", () => {
    assert.deepEqual([current().route, current().traced, current().key], [unrouted, false, ""]);
    assert.deepEqual(headers(), {});
  });

  it("is there during run and what that starts, and gone after it", async () => {
    const inner = await run(route, async () => {
      await turn();
      return current();
    });
    assert.equal(inner.route, route);
    assert.equal(inner.key, "payment-service:mp-101;environment=ops-101");
    assert.equal(current().key, "");
  });

  it("survives a throw in run", () => {
    assert.throws(() => run(route, () => assert.fail("inside")), /inside/);
    assert.equal(current().key, "");
  });

  it("nests, and outside leaves it", () => {
    run(route, () => {
      run(unrouted, () => assert.equal(current().key, ""));
      outside(() => assert.equal(current().key, ""));
      assert.notEqual(current().key, "");
    });
  });

  it("is captured by current and by bind, with arguments, this and result", () => {
    const captured = run(route, () => current());
    assert.equal(
      run(captured, () => current()),
      captured,
    );
    const counter = { by: 2 };
    const bound = run(route, () =>
      bind(function add(this: typeof counter, a: number, b: number) {
        return `${current().key} ${(a + b) * this.by}`;
      }),
    );
    assert.equal(bound.call(counter, 1, 2), `${captured.key} 6`);
    const unbound = bind(() => current().key);
    assert.equal(run(route, unbound), "", "a function bound outside of a context stays outside");
  });

  it("leaves other AsyncLocalStorages as they are", () => {
    const other = new AsyncLocalStorage<string>();
    const bound = other.run("first", () => run(route, () => bind(() => other.getStore())));
    assert.equal(other.run("second", bound), "second");
  });

  it("has equal keys exactly for equal routes", () => {
    // Few names, so that equal routes and those that differ in one thing are common.
    const name = fc.constantFrom("a", "b");
    const pins = fc.uniqueArray(fc.tuple(name, name), {
      selector: ([service]) => service,
      maxLength: 2,
    });
    const routes = fc.record({
      pins,
      environment: fc.option(name, { nil: undefined }),
      mode: fc.constantFrom("fallback" as const, "strict" as const),
    });
    const shape = (one: { pins: unknown; environment: unknown; mode: unknown }): string =>
      JSON.stringify([one.pins, one.environment, one.mode]);
    fc.assert(
      fc.property(routes, routes, (a, b) => {
        const keyOf = (one: typeof a): string =>
          run({ ...one, pins: new Map(one.pins) }, () => current().key);
        const said = (one: typeof a): boolean =>
          one.pins.length > 0 || one.environment !== undefined;
        if (!said(a) || !said(b)) assert.equal(keyOf(said(a) ? b : a), "");
        else assert.equal(keyOf(a) === keyOf(b), shape(a) === shape(b));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("headers and contextFrom", () => {
  it("are inverse", () => {
    const carried = run(route, () => headers());
    assert.deepEqual(carried, {
      "x-service-route": "payment-service:mp-101",
      "x-source-route": "ops-101",
      baggage: "service-route=payment-service%3Amp-101,source-route=ops-101",
    });
    for (const carrier of [carried, new Headers(carried), { baggage: carried["baggage"] }]) {
      assert.equal(
        contextFrom(carrier).key,
        run(route, () => current().key),
      );
    }
  });

  it("are inverse with other header names too", () => {
    const names = { ...defaultHeaderNames, pins: "x-team-pins" };
    install({ headerNames: names });
    try {
      const { baggage, ...carried } = run(route, () => headers());
      assert.equal(carried["x-team-pins"], "payment-service:mp-101");
      assert.equal(
        contextFrom(carried).key,
        run(route, () => current().key),
      );
      assert.notEqual(baggage, undefined);
    } finally {
      uninstall();
    }
    assert.ok("x-service-route" in run(route, () => headers()), "uninstall left the other names");
  });

  it("keep the baggage they are given", () => {
    assert.equal(
      run(route, () => headers({ baggage: "a=1,source-route=x" }))["baggage"]?.startsWith(
        "a=1,service-route=",
      ),
      true,
    );
    assert.deepEqual(headers({ baggage: "a=1" }), { baggage: "a=1" });
  });

  it("give nothing for a third party", () => {
    install({ hosts: ["payment:8080"] });
    run(route, () => {
      assert.deepEqual(headers({ to: "http://evil/" }), {});
      assert.deepEqual(headers({ to: "http://evil/", baggage: "a=1,source-route=x" }), {
        baggage: "a=1",
      });
      assert.equal(headers({ to: "http://payment:8080/pay" })["x-source-route"], "ops-101");
      assert.equal(
        headers({ to: new URL("http://payment:8080/pay") })["x-source-route"],
        "ops-101",
      );
    });
    uninstall();
  });

  it("read what clients of brokers and of HTTP give", () => {
    const { key } = run(route, () => current());
    const carried = run(route, () => headers());
    const bytes = Object.fromEntries(
      Object.entries(carried).map(([name, text]) => [name, Buffer.from(text)]),
    );
    const lists = Object.fromEntries(Object.entries(bytes).map(([name, one]) => [name, [one]]));
    for (const carrier of [
      bytes,
      lists,
      new Map(Object.entries(carried)),
      { ...carried, get: "" },
    ]) {
      assert.equal(contextFrom(carrier).key, key);
    }
    assert.equal(contextFrom({ "x-service-route": ["a:b", Buffer.from("c:d")] }).key, "a:b::c:d");
    const endless: unknown[] = [];
    endless.push(endless);
    const odd = { "x-service-route": endless as string[] };
    for (const nothing of [undefined, null, {}, odd]) assert.equal(contextFrom(nothing).key, "");
  });

  it("read any carrier without a throw", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary", size: "large" }),
      fc.uint8Array(),
      // Plain JavaScript has no types to keep it from this.
      fc.anything().map((value) => value as string),
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            "x-service-route",
            "x-source-route",
            "x-route-mode",
            "baggage",
            "x-route-trace",
            "__proto__",
          ),
          anything,
        ),
        (carrier) => {
          const context = contextFrom(carrier);
          const again = contextFrom(run(context, () => headers()));
          assert.equal(again.key, context.key, "what was accepted goes on unchanged");
        },
      ),
    );
  });
});
