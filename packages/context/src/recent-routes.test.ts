import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { defaultHeaderNames, readRoute } from "@cocktail/route";
import { readRecentRoute } from "./recent-routes.ts";

const names = { ...defaultHeaderNames, pins: "x-our-pins", mode: "x-our-mode" };

describe("routes that were read before", () => {
  it("are what reading them anew gives, whatever else the request says", () => {
    const pins = fc.constantFrom("a:b", "a:b::c:d", "a:b,,", "A:B", "");
    // Often absent: pins that stand alone are what is remembered.
    const half = { nil: undefined, freq: 2 };
    const other = fc.option(fc.constantFrom("ops-101", "strict", "x"), half);
    const baggage = fc.option(
      fc.constantFrom("source-route=ops-101", "route-mode=strict,service-route=x%3Ay", "k=v"),
      half,
    );
    const carrier = fc.record({ pins, environment: other, mode: other, baggage });
    fc.assert(
      fc.property(fc.array(carrier, { minLength: 1 }), (requests) => {
        for (const said of requests) {
          const values = new Map([
            [names.pins, said.pins],
            [names.environment, said.environment],
            [names.mode, said.mode],
            ["baggage", said.baggage],
          ]);
          const get = (name: string): string | undefined => values.get(name);
          assert.deepEqual(readRecentRoute(get, names), readRoute(get, names));
        }
      }),
    );
  });

  it("are shared, few, and short", () => {
    const read = (pins: string): unknown =>
      readRecentRoute((name) => (name === names.pins ? pins : undefined), names);
    const first = read("a:b");
    assert.equal(read("a:b"), first);
    for (let at = 0; at < 64; at++) read(`a:b-${at}`);
    assert.notEqual(read("a:b"), first, "it was forgotten among the others");
    const long = `a:b::${"s".repeat(600)}:k`;
    assert.notEqual(read(long), read(long));
  });
});
