import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { copyPackage } from "@cocktail/planted-bugs";
import { parseRoute } from "@cocktail/route";
import * as own from "./index.ts";
import { refuseOldNode } from "./install.ts";
import { silent } from "./logger.ts";
import { callEcho, echo, fetchEcho, lines, type Running, serve } from "../test/servers.ts";

const { route } = parseRoute({ pins: "payment-service:mp-101" });

describe("the process", () => {
  let downstream: Running;

  before(async () => {
    downstream = await serve(echo);
  });
  after(async () => {
    own.uninstall();
    await downstream[Symbol.asyncDispose]();
  });

  it("shares one context between two copies of the library, and injects once", async () => {
    using copy = copyPackage(join(import.meta.dirname, ".."));
    const path = pathToFileURL(join(copy.directory, "src/index.ts")).href;
    const other = (await import(path)) as typeof own;
    assert.notEqual(other.run, own.run, "these are not two copies");
    own.install({ hosts: [downstream.host] });
    other.install();
    const context = own.run(route, () => other.current());
    assert.equal(context.key, "payment-service:mp-101");
    assert.equal(
      other.run(context, () => own.current().key),
      "payment-service:mp-101",
    );
    assert.equal(other.run(context, other.current), context, "a context was made into another");
    const seen = await other.run(route, () =>
      Promise.all([fetchEcho(downstream.url), callEcho(downstream.url)]),
    );
    for (const one of seen) assert.equal(lines(one, "x-service-route"), 1);
  });

  it("doesn't end because of a call that can't be given a route", () => {
    const faults: unknown[] = [];
    own.install({
      hosts: [downstream.host],
      log: { ...silent, error: (fields) => faults.push(fields) },
    });
    // As an undici of the future might publish it; what a subscriber throws becomes an uncaught exception.
    const request = { method: "GET", origin: downstream.url, headers: Object.freeze([]) };
    own.run(route, () => {
      for (const odd of [{ request }, { request: 1 }, {}, undefined, null]) {
        channel("undici:request:create").publish(odd);
        channel("undici:request:headers").publish(odd);
        channel("http.client.request.created").publish(odd);
        channel("http.client.response.finish").publish(odd);
      }
    });
    assert.equal(faults.length, 1);
  });

  it("carries nothing any more after uninstall", async () => {
    own.install({ hosts: [downstream.host] });
    own.uninstall();
    const seen = await own.run(route, () =>
      Promise.all([fetchEcho(downstream.url), callEcho(downstream.url)]),
    );
    for (const one of seen) assert.equal(lines(one, "x-service-route"), 0);
  });

  it("gets a TypeError that names every entry of `hosts` that is no host", () => {
    assert.throws(
      () => own.install({ hosts: ["payment:8080", "*", "http://a"] }),
      new TypeError(
        'the option `hosts` holds "*", "http://a", which is not a valid host. Write host:port, host (any port) or *.suffix.',
      ),
    );
    own.uninstall();
  });

  it("is refused on an old Node, which would lose routes without a word", () => {
    for (const old of ["20.19.5", "22.11.0", "18.0.0"])
      assert.throws(() => refuseOldNode(old), /needs Node\.js 22\.12 or newer, and this is/);
    for (const fine of ["22.12.0", "22.23.3", "24.0.0", "25.1.0"])
      assert.doesNotThrow(() => refuseOldNode(fine));
  });
});
