import assert from "node:assert/strict";

/** The members of a JSON object, in their order. */
export function keysOf(json: string): readonly string[] {
  const value: unknown = JSON.parse(json);
  assert.ok(typeof value === "object" && value !== null, json);
  return Object.keys(value);
}
