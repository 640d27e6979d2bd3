import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  authorityOf,
  isInternalHost,
  isInternalName,
  isInternal,
  joinHosts,
  noHosts,
  parseHosts,
} from "./hosts.ts";

function rules(...entries: string[]) {
  const parsed = parseHosts(entries);
  assert.deepEqual(parsed.rejected, []);
  return parsed.rules;
}

describe("host rules", () => {
  it("match a host and port exactly", () => {
    const own = rules("127.0.0.1:4001", "[::1]:4001", "Payment:8080");
    for (const url of [
      "http://127.0.0.1:4001",
      "http://127.0.0.1:4001/a?b",
      "http://[::1]:4001",
      "http://payment:8080",
      "http://PAYMENT.:8080/",
    ]) {
      assert.equal(isInternal(own, url), true, url);
    }
    for (const url of [
      "http://127.0.0.1:4002",
      "http://127.0.0.1",
      "http://payment",
      "http://payment.evil:8080",
      "http://evil/127.0.0.1:4001",
      "http://127.0.0.1:4001@evil/",
      "payment:8080",
      "",
      "::",
    ]) {
      assert.equal(isInternal(own, url), false, url);
    }
  });

  it("match however an address is written", () => {
    for (const [entry, url] of [
      ["[0:0:0:0:0:0:0:1]:80", "http://[::1]/"],
      ["[::1]:4001", "http://[0:0:0:0:0:0:0:1]:4001"],
      ["[::ffff:10.0.0.1]", "http://[::ffff:a00:1]"],
      ["127.1:4001", "http://127.0.0.1:4001"],
      ["payment:08080", "http://payment:8080"],
    ] as const) {
      assert.equal(isInternal(rules(entry), url), true, `${entry} ${url}`);
    }
  });

  it("match any port of a host without one, and the default port of a scheme", () => {
    assert.equal(isInternal(rules("orders"), "http://orders:1234/"), true);
    assert.equal(isInternal(rules("orders:80"), "http://orders/"), true);
    assert.equal(isInternal(rules("orders:443"), "https://orders/"), true);
    assert.equal(isInternal(rules("orders:443"), "http://orders/"), false);
  });

  it("match what is below a suffix, and neither the suffix nor what merely ends in its letters", () => {
    const own = rules("*.svc.cluster.local", "*.localhost:8080");
    assert.equal(isInternal(own, "http://payment.shop.svc.cluster.local:9000"), true);
    assert.equal(isInternal(own, "http://svc.cluster.local"), false);
    assert.equal(isInternal(own, "http://evilsvc.cluster.local"), false);
    assert.equal(isInternal(own, "http://a.svc.cluster.local.evil.com"), false);
    assert.equal(isInternal(own, "http://shop.localhost:8080"), true);
    assert.equal(isInternal(own, "http://shop.localhost:8081"), false);
  });

  it("refuse what is no host, everybody's host above all", () => {
    for (const entry of [
      "*",
      "*.",
      "",
      " ",
      "http://payment",
      "a b",
      "payment:",
      "payment:port",
      "payment:0",
      "payment:65536",
      "1.2.3.4.5",
      "[::1::2]",
      "*.*",
      "pay*ment",
      "a/b",
    ]) {
      assert.deepEqual(parseHosts([entry]).rejected, [entry]);
    }
  });

  it("know a host by its name alone, whatever its port", () => {
    const own = rules("127.0.0.1:4001", "*.svc:80");
    assert.equal(isInternalName(own, "127.0.0.1"), true);
    assert.equal(isInternalName(own, "a.svc"), true);
    assert.equal(isInternalName(own, "svc"), false);
    assert.equal(isInternalHost(own, "127.0.0.1", "4002"), false);
  });

  it("read whom a whole URL as the target of a request is meant for", () => {
    assert.equal(authorityOf("http://payment:8080/pay?card=1"), "http://payment:8080");
    assert.equal(authorityOf("HTTPS://payment/"), "https://payment");
    for (const path of ["/pay", "//evil/pay", "*", "evil:443", "", undefined]) {
      assert.equal(authorityOf(path), undefined, path);
    }
  });

  it("join, and answer for nobody when there are none", () => {
    const both = joinHosts(rules("a:1"), rules("*.b"));
    assert.equal(isInternal(both, "http://a:1"), true);
    assert.equal(isInternal(both, "http://x.b"), true);
    assert.deepEqual(joinHosts(both, rules("a:1", "*.b")), both);
    assert.equal(joinHosts(both, rules("*.b:1", "*.c")).suffixes.length, 3);
    fc.assert(fc.property(fc.webUrl(), (url) => !isInternal(noHosts, url)));
  });

  it("never throw, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", size: "large" }), (text) => {
        parseHosts([text]);
        isInternal(rules("a"), text);
      }),
    );
  });
});
