import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { describe, test } from "node:test";
import { createGateway, type Gateway } from "@cocktail/gateway";
import { emptyTable, type RouteTable } from "@cocktail/route";
import type { Config } from "../config/config.ts";
import { silent } from "../testing/silent.ts";
import { isFree } from "../supervisor/ports.ts";
import { readArguments } from "./arguments.ts";
import { incarnationsOf, withoutAddresses } from "./dead-incarnations.ts";
import { openEdge } from "./edge-listeners.ts";
import { exposureOf } from "./exposure.ts";
import { StartFailure } from "./failure.ts";
import { gatewaySettings } from "./gateway-settings.ts";
import { MeshListeners } from "./mesh-listeners.ts";
import { formatServiceLine, writeBounded } from "./output.ts";
import { evaluateProbe } from "./route-probe.ts";
import { gatewayReaders } from "./readers.ts";
import { stopSignals } from "./stop-signals.ts";
import { Teardown } from "./teardown.ts";

const none = emptyTable("00000000");
const service = {
  path: "/",
  ref: undefined,
  prepare: undefined,
  command: ["x"],
  url: undefined,
  health: undefined,
  env: {},
  envFiles: [],
  copyFiles: [],
  entryHash: "",
};
const config: Config = {
  file: "/cocktail.yaml",
  name: "shop",
  domain: "localhost",
  ticketProjects: [],
  services: [
    { ...service, name: "cart", protocol: "http1", entry: false },
    { ...service, name: "front", protocol: "auto", entry: true },
  ],
};
const variant = { incarnation: 1, tier: "branch", revision: "r", onUnavailable: "Fail" } as const;

async function withGateway<T>(
  table: RouteTable,
  work: (gateway: Gateway) => Promise<T>,
): Promise<T> {
  const gateway = createGateway({
    table,
    settings: gatewaySettings(
      () => config,
      () => table,
    ),
  });
  try {
    return await work(gateway);
  } finally {
    await gateway.close({ graceMs: 0 });
  }
}

describe("command line", () => {
  test("defaults, and what is given", () => {
    const read = (...argv: readonly string[]): unknown => {
      const answer = readArguments(argv);
      return answer.ok ? answer.arguments : answer.message;
    };
    const defaults = {
      file: "cocktail.yaml",
      port: 8080,
      host: undefined,
      domain: undefined,
      logFormat: "pretty",
      endLeftovers: false,
    };
    assert.deepEqual(read(), defaults);
    assert.deepEqual(read("-f", "a.yaml", "--port", "0", "--log-format=json"), {
      ...defaults,
      file: "a.yaml",
      port: 0,
      logFormat: "json",
    });
    for (const bad of [
      ["--port", "x"],
      ["--port", "65536"],
      ["--port", "1e3"],
      ["--host", "localhost"],
      ["--host", "fe80::1%eth0"],
      ["--domain", "A_b"],
      ["--log-format", "xml"],
      ["--nope"],
      ["up"],
    ]) {
      assert.equal(typeof read(...bad), "string", bad.join(" "));
    }
  });

  test("the first signal stops in order, the second forces; only Ctrl-C is an interrupt", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 0],
      ["SIGHUP", 0],
    ] as const) {
      const events = new EventEmitter();
      const stop = stopSignals(events, () => assert.fail("nothing failed"));
      events.emit(signal);
      await stop.requested;
      assert.equal(stop.forceSignal.aborted, false);
      events.emit("SIGTERM");
      assert.equal(stop.forceSignal.aborted, true);
      assert.equal(stop.exitCode(), code);
    }
  });

  test("an unhandled exception is reported, and everything is stopped", async () => {
    const events = new EventEmitter();
    const reported: Error[] = [];
    const stop = stopSignals(events, (error) => reported.push(error));
    const fault = new Error("a fault");
    events.emit("uncaughtException", fault);
    await stop.requested;
    assert.deepEqual(reported, [fault]);
    assert.equal(stop.exitCode(), 1);
  });
});

describe("the edge", () => {
  test("port 0 gives the same port on both loopback addresses", async () => {
    await withGateway(none, async (gateway) => {
      const edge = await openEdge(gateway, { port: 0 });
      assert.equal(edge.url, `http://localhost:${edge.port}`);
      const answer = await fetch(`http://127.0.0.1:${edge.port}/`);
      assert.equal(answer.status, 503);
      await answer.body?.cancel();
    });
  });

  test("a port in use, on either address, is reported with a fix", async () => {
    for (const host of ["127.0.0.1", "::1"]) {
      const taken = createTcpServer();
      const listening = await new Promise<boolean>((resolve) => {
        taken.once("error", () => resolve(false)).listen(0, host, () => resolve(true));
      });
      if (!listening) continue; // a machine without IPv6
      const address = taken.address();
      assert.ok(typeof address === "object" && address !== null);
      await withGateway(none, async (gateway) => {
        await assert.rejects(openEdge(gateway, { port: address.port }), (error: unknown) => {
          assert.ok(error instanceof StartFailure);
          assert.equal(
            error.message,
            `port ${address.port} on ${host} is taken by another process`,
          );
          assert.match(error.fix, /--port/);
          return true;
        });
        assert.equal(await isFree(host === "::1" ? address.port : 0), true, "nothing is held");
      });
      taken.close();
    }
  });
});

describe("the edge for other machines", () => {
  const at = { domain: "localhost", port: 8080 };

  test("has the URLs that they can use, and none where only this machine reaches it", () => {
    for (const host of [undefined, "127.0.0.1", "127.0.0.2", "::1"])
      assert.equal(exposureOf(host, at), undefined, host);
    const urls = (host: string, where: Parameters<typeof exposureOf>[1]): readonly string[] =>
      exposureOf(host, where)?.urls ?? assert.fail(`${host} is exposed`);
    assert.deepEqual(urls("192.168.1.5", at), ["http://192.168.1.5:8080"]);
    assert.deepEqual(urls("fd00::5", at), ["http://[fd00::5]:8080"]);
    for (const host of ["192.168.1.5", "0.0.0.0"])
      assert.deepEqual(urls(host, { domain: "a.nip.io", port: 80 }), ["http://a.nip.io:80"]);
    for (const url of [...urls("0.0.0.0", at), ...urls("::", at)])
      assert.doesNotMatch(url, /\/\/(?:127\.|\[::1|\[fe80|0\.0)/);
  });

  test("an address that the machine doesn't have is reported with those that it has", async () => {
    await withGateway(none, async (gateway) => {
      // 192.0.2.0/24 is for documentation: no machine has one of it, as a rule.
      await assert.rejects(openEdge(gateway, { port: 0, host: "192.0.2.77" }), (error: unknown) => {
        assert.ok(error instanceof StartFailure);
        assert.equal(error.message, "192.0.2.77 is no address of this machine");
        assert.match(error.fix, /^choose one of it with --host.*; or 0\.0\.0\.0 for all$/);
        return true;
      });
    });
  });

  test("a wildcard takes the loopback addresses with it, on one port", async () => {
    for (const host of ["0.0.0.0", "::", "127.0.0.1"]) {
      await withGateway(none, async (gateway) => {
        const edge = await openEdge(gateway, { port: 0, host });
        for (const own of ["127.0.0.1", "[::1]"]) {
          const answer = await fetch(`http://${own}:${edge.port}/`);
          assert.equal(answer.status, 503, `${host} ${own}`);
          await answer.body?.cancel();
        }
        await edge.close({ graceMs: 0 });
        assert.equal(await isFree(edge.port), true);
      });
    }
  });
});

describe("the gateway's settings", () => {
  test("the file's services come first and in its order; those of branches are no entries", () => {
    const table = { ...none, services: { cart: { stable: variant }, extra: { "mp-1": variant } } };
    const services = gatewaySettings(
      () => config,
      () => table,
    )().services;
    assert.deepEqual(Object.keys(services), ["cart", "front", "extra"]);
    assert.deepEqual(services, {
      extra: { entry: false, protocol: "auto" },
      cart: { entry: false, protocol: "http1" },
      front: { entry: true, protocol: "auto" },
    });
  });

  test("they are made once for a table", () => {
    let table: RouteTable = none;
    const settings = gatewaySettings(
      () => config,
      () => table,
    );
    const first = settings();
    assert.equal(settings(), first);
    table = { ...none, services: { extra: { "mp-1": variant } } };
    assert.notEqual(settings(), first);
  });
});

describe("the table in use", () => {
  const dead = { ...variant, destination: "http://127.0.0.1:1" };
  const head: RouteTable = {
    ...none,
    epoch: 7,
    services: { cart: { "mp-1": dead, stable: dead } },
  };

  test("entries of an earlier run stay in the table without their address", () => {
    const names = incarnationsOf(head);
    const { destination: _, ...listed } = dead;
    assert.deepEqual(withoutAddresses(head, names), {
      ...head,
      services: { cart: { "mp-1": listed, stable: listed } },
    });
    const back = { ...dead, incarnation: 2, destination: "http://127.0.0.1:2" };
    const next = { ...head, epoch: 8, services: { cart: { "mp-1": dead, stable: back } } };
    assert.deepEqual(withoutAddresses(next, names).services, {
      cart: { "mp-1": listed, stable: back },
    });
  });

  test("a table without leftovers is passed on as it is", () => {
    assert.equal(withoutAddresses(head, incarnationsOf(none)), head);
  });

  test("requests to a dead incarnation get a 503 that names it, even if something listens at its address", async () => {
    const stranger = createServer((_, response) => response.end("a stranger"));
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const address = stranger.address();
    assert.ok(typeof address === "object" && address !== null);
    const left = { ...variant, destination: `http://127.0.0.1:${address.port}` };
    const found = { ...none, epoch: 1, services: { front: { stable: left } } };
    await withGateway(withoutAddresses(found, incarnationsOf(found)), async (gateway) => {
      const { port } = await gateway.listenMesh({
        caller: "cart:stable",
        callee: "front",
        host: "127.0.0.1",
        port: 0,
      });
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      assert.equal(answer.status, 503);
      assert.match(await answer.text(), /front:stable/);
    });
    await new Promise((resolve) => stranger.close(resolve));
  });
});

describe("mesh listeners", () => {
  test("one for each other service, kept over incarnations, gone with the variant", async () => {
    await withGateway(none, async (gateway) => {
      let names = ["cart", "front"];
      const mesh = new MeshListeners(gateway, () => names);
      const [address, ...others] = await mesh.addresses("cart", "mp-1");
      assert.equal(address?.service, "front");
      assert.deepEqual(others, []);
      names = [...names, "later"];
      const again = await mesh.addresses("cart", "mp-1");
      assert.equal(again.find((one) => one.service === "front")?.port, address.port);
      assert.deepEqual(again.map((one) => one.service).toSorted(), ["front", "later"]);
      const stable = await mesh.addresses("cart", "stable");
      assert.notEqual(stable.find((one) => one.service === "front")?.port, address.port);
      await mesh.release("cart", "mp-1");
      await assert.rejects(fetch(`http://127.0.0.1:${address.port}/`));
    });
  });
});

describe("a probe through the gateway", () => {
  const ref = { service: "cart", key: "mp-1", incarnation: 2 };
  test("is evaluated by who answered, not by the status", () => {
    const answer = {
      status: 404,
      served: "cart:mp-1",
      trace: '"cart";variant="mp-1";via=pin;incarnation=2',
      body: "",
    };
    assert.deepEqual(evaluateProbe(ref, answer), { ok: true });
    const message = (change: object): string => {
      const result = evaluateProbe(ref, { ...answer, ...change });
      return result.ok ? "ok" : result.message;
    };
    assert.match(message({ served: "cart:stable" }), /cart:stable answered instead of cart:mp-1/);
    assert.match(
      message({ trace: '"cart";variant="mp-1";via=pin;incarnation=1' }),
      /incarnation 1 .* instead of 2/,
    );
    assert.match(message({ trace: undefined }), /incarnation \?/);
    assert.match(
      message({ served: undefined, status: 503, body: "away" }),
      /the gateway answers 503 for cart:mp-1: away/,
    );
  });

  test("finds the incarnation, and says what is wrong when it is down", async () => {
    const upstream = createServer((request, response) => {
      assert.equal(request.method, "HEAD");
      response.writeHead(405).end();
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const address = upstream.address();
    assert.ok(typeof address === "object" && address !== null);
    const destination = `http://127.0.0.1:${address.port}`;
    const cart = { ...variant, incarnation: 2, destination };
    const table = { ...none, epoch: 1, services: { cart: { "mp-1": cart } } };
    await withGateway(table, async (gateway) => {
      const readers = gatewayReaders(gateway, () => config);
      assert.deepEqual(await readers.probe(ref), { ok: true });
      assert.equal((await readers.probe({ ...ref, incarnation: 3 })).ok, false);
      assert.equal((await readers.probe({ ...ref, key: "mp-2" })).ok, false);
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
      const down = await readers.probe(ref);
      assert.match(down.ok ? "" : down.message, /cart:mp-1/);
      await readers.awaitAcked(1, AbortSignal.timeout(5_000));
      assert.equal(await readers.drained(ref, destination, 1_000), "drained");
    });
  });
});

test("parts are stopped in reverse order, and one failure doesn't prevent the rest", async () => {
  const done: string[] = [];
  const teardown = new Teardown(silent);
  teardown.add("first", async () => done.push("first"));
  teardown.add("bad", () => Promise.reject(new Error("bad")));
  teardown.add("last", async () => done.push("last"));
  await Promise.all([teardown.run(), teardown.run()]);
  assert.deepEqual(done, ["last", "first"]);
});

test("a reader that doesn't read loses lines, and sees how many", () => {
  const written: string[] = [];
  const sink = { writableLength: 0, write: (text: string) => written.push(text) };
  const write = writeBounded(sink, (count) => `${count} left out`);
  write("a");
  sink.writableLength = 2 * 1024 * 1024;
  write("b");
  write("c");
  sink.writableLength = 0;
  write("d");
  write("e");
  assert.deepEqual(written, ["a", "2 left out", "d", "e"]);
});

test("what a service prints moves no cursor and renames no window", () => {
  const line = {
    variant: "a:stable",
    text: "\u001B]0;title\u0007\u001B[2J\u001B[31mred\u001B[0m\u009B5A\b\r",
  };
  assert.equal(formatServiceLine(line, { width: 10, keepColour: false }), "a:stable   | red5A\n");
  assert.equal(
    formatServiceLine(line, { width: 8, keepColour: true }),
    "a:stable | \u001B[31mred\u001B[0m5A\n",
  );
});
