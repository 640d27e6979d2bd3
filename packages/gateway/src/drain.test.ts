import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import { describe, it } from "node:test";
import { until } from "@cocktail/test-support";
import { ask, echo, echoed, gate, openWorld, RawClient, serve, tableOf } from "../test/world.ts";
import { createGateway } from "./index.ts";

const stable = { service: "storefront", key: "stable", incarnation: 1 };
const get = "GET / HTTP/1.1\r\nHost: storefront.localhost\r\n\r\n";

describe("draining", { concurrency: 4 }, () => {
  it("waits for the requests in flight to an incarnation, and fails none", async (t) => {
    const release = gate();
    const arrived = gate();
    const variant = await serve(t, async (_req, res) => {
      arrived.open();
      await release.promise;
      res.end("whole");
    });
    const fresh = await serve(t, echo("new"));
    const { edge, gateway, publish } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const first = ask(edge.port);
    await arrived.promise;
    publish(tableOf({ variants: { "storefront:stable": fresh.url }, epoch: 2 }));
    assert.equal(gateway.inFlight(stable), 1);
    let drained = "";
    const waiting = gateway
      .drained(stable, { budgetMs: 10_000 })
      .then((result) => (drained = result));
    assert.equal(echoed(await ask(edge.port)).name, "new");
    assert.equal(drained, "");
    release.open();
    assert.equal((await first).body, "whole");
    assert.equal(await waiting, "drained");
    assert.equal(gateway.inFlight(stable), 0);
  });

  it("completes at once if nothing is in flight, and stops at its budget or signal", async (t) => {
    const arrived = gate();
    const variant = await serve(t, () => arrived.open());
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    assert.equal(await gateway.drained(stable, { budgetMs: 0 }), "drained");
    assert.equal(await gateway.drained({ ...stable, key: "unknown" }, { budgetMs: 0 }), "drained");
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(get);
    await arrived.promise;
    assert.equal(await gateway.drained(stable, { budgetMs: 20 }), "budgetOver");
    const abort = new AbortController();
    const waiting = gateway.drained(stable, { budgetMs: 10_000, signal: abort.signal });
    abort.abort();
    assert.equal(await waiting, "budgetOver");
    assert.equal(
      await gateway.drained(stable, { budgetMs: 10_000, signal: abort.signal }),
      "budgetOver",
    );
  });

  it("counts the incarnation, not the key", async (t) => {
    const arrived = gate();
    const variant = await serve(t, () => arrived.open());
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(get);
    await arrived.promise;
    assert.equal(gateway.inFlight({ ...stable, incarnation: 2 }), 0);
    assert.equal(await gateway.drained({ ...stable, incarnation: 2 }, { budgetMs: 0 }), "drained");
  });

  it("closes the connections to removed incarnations, and opens new ones when they return", async (t) => {
    const variant = await serve(t, echo("stable"));
    let open = 0;
    variant.on("connection", (socket) => {
      open++;
      socket.on("close", () => open--);
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge, publish } = await openWorld(t, table);
    await ask(edge.port);
    assert.equal(open, 1);
    publish({ ...tableOf({ variants: {}, epoch: 2 }) });
    await until("the idle connection to be closed", () => open === 0, {
      ms: 2000,
      seen: () => open,
    });
    // The same objects: a suspended variant that is activated again.
    publish({ ...table, epoch: 3 });
    assert.equal((await ask(edge.port)).status, 200);
  });

  it("fails no request while a thousand swaps happen", async (t) => {
    const variants = await Promise.all(["a", "b", "c"].map((name) => serve(t, echo(name))));
    const { edge, publish, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variants[0]?.url ?? "" } }),
    );
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    t.after(() => agent.destroy());
    const swaps = { going: true };
    const statuses = new Map<number, number>();
    const clients = Array.from({ length: 8 }, async () => {
      while (swaps.going) {
        const { status } = await ask(edge.port, { agent });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    for (let epoch = 2; epoch < 1002; epoch++) {
      const next = tableOf({
        variants: { "storefront:stable": variants[epoch % 3]?.url ?? "" },
        epoch,
      });
      publish(next);
      assert.equal(gateway.table().epoch, epoch);
      await new Promise((resolve) => setImmediate(resolve));
    }
    swaps.going = false;
    await Promise.all(clients);
    assert.deepEqual([...statuses.keys()], [200]);
  });
});

describe("closing", { concurrency: 4 }, () => {
  it("finishes requests in flight, closes keep-alive connections, and stops accepting", async (t) => {
    const release = gate();
    const arrived = gate();
    const variant = await serve(t, async (req, res) => {
      if (req.url === "/slow") {
        arrived.open();
        await release.promise;
      }
      res.end("whole");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const idle = new RawClient(edge.port);
    const busy = new RawClient(edge.port);
    t.after(() => idle.close());
    t.after(() => busy.close());
    idle.send(get);
    await idle.until("whole");
    busy.send(get.replace("/", "/slow"));
    await arrived.promise;
    const closed = edge.close({ graceMs: 60_000 });
    await idle.whole();
    await assert.rejects(ask(edge.port), { code: "ECONNREFUSED" });
    release.open();
    assert.match(await busy.whole(), /connection: close[^]*whole$/i);
    await closed;
  });

  it("closes a connection whose response had begun before", async (t) => {
    const release = gate();
    const variant = await serve(t, async (_req, res) => {
      res.write("begin");
      await release.promise;
      res.end("end");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(get);
    await client.until("begin");
    const closed = edge.close({ graceMs: 60_000 });
    release.open();
    assert.match(await client.whole(), /3\r\nend\r\n0\r\n\r\n$/);
    await closed;
  });

  it("finishes HTTP/2 streams in flight", async (t) => {
    const release = gate();
    const arrived = gate();
    const variant = await serve(t, async (_req, res) => {
      arrived.open();
      await release.promise;
      res.end("whole");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = http2.connect(edge.url);
    t.after(() => client.destroy());
    const stream = client.request({ ":path": "/", ":authority": "storefront.localhost" });
    let text = "";
    stream.on("data", (chunk) => (text += String(chunk)));
    const ended = new Promise((resolve) => stream.on("close", resolve));
    await arrived.promise;
    const goaway = new Promise((resolve) => client.once("goaway", resolve));
    const closed = edge.close({ graceMs: 60_000 });
    await goaway;
    release.open();
    await ended;
    assert.equal(text, "whole");
    await closed;
  });

  it("destroys the remaining connections after the grace period", async (t) => {
    const arrived = gate();
    const variant = await serve(t, () => arrived.open());
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const client = new RawClient(edge.port);
    client.send(get);
    await arrived.promise;
    await gateway.close({ graceMs: 10 });
    assert.equal(await client.whole(), "");
    assert.equal(gateway.inFlight(stable), 0);
    await assert.rejects(ask(edge.port), { code: "ECONNREFUSED" });
  });

  it("reports a port in use", async (t) => {
    const { edge, gateway } = await openWorld(t, tableOf({ variants: {} }));
    await assert.rejects(gateway.listenEdge({ host: "127.0.0.1", port: edge.port }), {
      code: "EADDRINUSE",
    });
  });
});

describe("the table in use", () => {
  it("can be awaited, until a signal is aborted", async () => {
    const gateway = createGateway({
      table: tableOf({ variants: {}, epoch: 5 }),
      settings: { domain: "localhost", services: {} },
    });
    await gateway.awaitEpoch(5);
    let reached = false;
    const waiting = gateway.awaitEpoch(7).then(() => (reached = true));
    const abort = new AbortController();
    const abandoned = assert.rejects(
      gateway.awaitEpoch(9, abort.signal),
      /epoch 9 was not reached/,
    );
    gateway.setTable(tableOf({ variants: {}, epoch: 6 }));
    await Promise.resolve();
    assert.equal(reached, false);
    gateway.setTable(tableOf({ variants: {}, epoch: 8 }));
    await waiting;
    abort.abort();
    await abandoned;
    await assert.rejects(gateway.awaitEpoch(9, abort.signal));
    await gateway.close({ graceMs: 0 });
  });
});
