import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatAge, formatDuration, formatExpiry, parseDuration } from "./duration.ts";

test("durations are parsed in the units s, m, h, d and w only", () => {
  assert.equal(parseDuration("90s"), 90);
  assert.equal(parseDuration("1h30m"), 5400);
  assert.equal(parseDuration("2d"), 172_800);
  assert.equal(parseDuration("1w"), 604_800);
  for (const text of ["", "0s", "5", "1.5h", "-1h", "1y", "h", "11y", "9999999d", "1h ", "１h"])
    assert.equal(parseDuration(text), undefined, text);
});

test("a formatted duration parses to the same value, up to its smaller unit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300_000_000 }), (seconds) => {
      const back = parseDuration(formatDuration(seconds)) ?? Number.NaN;
      assert.ok(
        back <= seconds && seconds - back < (seconds < 3600 ? 1 : seconds < 86_400 ? 60 : 3600),
        `${seconds} -> ${formatDuration(seconds)} -> ${back}`,
      );
    }),
  );
});

test("ages and expiries of absent, invalid, past and future instants", () => {
  const now = Date.parse("2026-11-23T09:00:00Z");
  assert.equal(formatAge("2026-11-23T08:56:00Z", now), "4m");
  assert.equal(formatAge(undefined, now), "-");
  assert.equal(formatAge("yesterday", now), "-");
  assert.equal(formatAge("2026-11-23T09:00:05Z", now), "0s");
  assert.equal(formatExpiry("2026-11-25T08:00:00Z", now), "2026-11-25T08:00Z (in 1d23h)");
  assert.equal(formatExpiry("2026-11-23T08:00:00.123Z", now), "2026-11-23T08:00Z (due)");
  assert.equal(formatExpiry(undefined, now), "-");
});
