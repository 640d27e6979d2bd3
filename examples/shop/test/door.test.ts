import assert from "node:assert/strict";
import { test } from "node:test";
import { doorOf, renderDoor } from "../storefront/src/door.ts";

test("where the address means the environment, another address is the way out", () => {
  for (const [host, stableHost] of [
    ["ops-101.storefront.localhost:8080", "storefront.localhost:8080"],
    ["ops-101.localhost:8080", "localhost:8080"],
  ] as const) {
    const door = doorOf({ host, "x-source-route": "ops-101", cookie: "cocktail-route=rc" });
    assert.deepEqual(door, { kind: "address", environment: "ops-101", stableHost });
    const html = renderDoor(door);
    assert.ok(html.includes(`href="//${stableHost}/"`), html);
    assert.ok(!html.includes("<form"), "the cookie would change nothing here");
  }
});

test("at stable's address the cookie opens and closes the door", () => {
  const host = "storefront.localhost:8080";
  const outside = renderDoor(doorOf({ host, cookie: "a=b; my-cocktail-route=x" }));
  assert.match(outside, /<form action="\/\.well-known\/cocktail\/enter">/);
  assert.doesNotMatch(outside, /leave/);
  const inside = { host, cookie: "a=b; cocktail-route=rc", "x-source-route": "rc" };
  assert.match(renderDoor(doorOf(inside)), /href="\/\.well-known\/cocktail\/leave\?to=\/"/);
  const byHeader = renderDoor(doorOf({ host, "x-source-route": "rc" }));
  assert.doesNotMatch(byHeader, /leave/, "no cookie to take back");
});

test("the pattern of the field is one that a browser takes, and fits the names of environments", () => {
  const html = renderDoor(doorOf({ host: "storefront.localhost" }));
  const pattern = /pattern="([^"]+)"/.exec(html)?.[1] ?? "";
  const asBrowsersDo = new RegExp(`^(?:${pattern})$`, "v");
  for (const name of ["mp-101", "a", "x".repeat(40)]) assert.match(name, asBrowsersDo);
  for (const name of ["-a", "a-", "A", "x".repeat(41)]) assert.doesNotMatch(name, asBrowsersDo);
});

test("a host is text, not markup", () => {
  const host = `"><script>.localhost`;
  const html = renderDoor(doorOf({ host: `e.${host}`, "x-source-route": "e" }));
  assert.doesNotMatch(html, /<script>/);
});
