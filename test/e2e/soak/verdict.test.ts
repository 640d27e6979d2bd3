import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { descriptorRule, heapRule, memoryRule, trendOf } from "./verdict.ts";

const MiB = 1024 * 1024;
const seconds = Array.from({ length: 600 }, (_, second) => second);

describe("the verdict of a soak", () => {
  it("takes a warm-up, and a staircase that ends, for flat", () => {
    const warming = seconds.map((second) => (second < 90 ? 60 + second : 150 + (second % 7)) * MiB);
    assert.equal(trendOf(warming, memoryRule)?.isFlat, true);
    const stairs = seconds.map((second) => (150 + Math.min(3, Math.floor(second / 150)) * 6) * MiB);
    assert.equal(trendOf(stairs, memoryRule)?.isFlat, true);
  });

  it("finds a leak of 1 KiB a request, at 200 a second", () => {
    const leaking = seconds.map((second) => 40 * MiB + second * 200 * 1024);
    assert.equal(trendOf(leaking, heapRule)?.isFlat, false);
    const held = seconds.map((second) => (40 + (second % 3)) * MiB);
    assert.equal(trendOf(held, heapRule)?.isFlat, true);
  });

  it("finds a leak of one descriptor a deploy, at one in 5 s", () => {
    const leaking = seconds.map((second) => 80 + Math.floor(second / 5));
    assert.equal(trendOf(leaking, descriptorRule)?.isFlat, false);
    // Up to 100 connections, and more of them at the end.
    const busy = seconds.map((second) => 80 + ((second * 37) % (second < 300 ? 70 : 100)));
    assert.equal(trendOf(busy, descriptorRule)?.isFlat, true);
  });

  it("is not decided by single spikes", () => {
    const spiky = seconds.map((second) => (second % 5 === 0 && second > 400 ? 900 : 150) * MiB);
    assert.equal(trendOf(spiky, memoryRule)?.isFlat, true);
  });

  it("says nothing of a run that was too short", () => {
    assert.equal(trendOf(seconds.slice(0, 20), memoryRule), undefined);
  });
});
