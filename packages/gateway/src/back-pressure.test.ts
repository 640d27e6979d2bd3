import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import { type Poured, pour } from "../test/pour.ts";
import { gate, getRequest, openWorld, serve, stalled, tableOf } from "../test/world.ts";
import { silentLogger } from "./logger.ts";

const mib = 1 << 20;

/** What fits into the buffers between the two is all that is ever taken. */
function askAndReadNothing(t: TestContext, port: number, path: string): void {
  const client = net.connect({ port, host: "127.0.0.1" }).pause();
  client.on("error", () => undefined);
  t.after(() => client.destroy());
  client.write(getRequest(path));
}

describe("back-pressure over HTTP/1.1", { concurrency: 4 }, () => {
  it("pauses a fast variant when the client is slow, and loses nothing", async (t) => {
    const total = 64 * mib;
    let poured: Poured | undefined;
    const sent = (): number => poured?.sent ?? 0;
    const variant = await serve(t, (_req, res) => {
      poured = pour(res, total, () => res.end());
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const { req, res } = await new Promise<{ req: http.ClientRequest; res: http.IncomingMessage }>(
      (resolve) => {
        const req = http.get({
          port: edge.port,
          host: "127.0.0.1",
          headers: { host: "storefront.localhost" },
          agent: false,
        });
        req.on("response", (res) => resolve({ req, res }));
      },
    );
    t.after(() => req.destroy());
    res.pause();
    await stalled(sent, "the variant to be held back");
    assert.ok(sent() < total / 2, `${sent()} bytes left the variant although nobody read them`);
    let received = 0;
    for await (const chunk of res) received += (chunk as Buffer).length;
    assert.equal(received, total);
  });

  it("disconnects a client that reads nothing of its response, and aborts the request to the variant", async (t) => {
    let left = false;
    const variant = await serve(t, (_req, res) => {
      res.on("close", () => (left = true));
      pour(res, Infinity);
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const reasons: unknown[] = [];
    const { edge } = await openWorld(t, table, {
      limits: { stalledMs: 100 },
      accessLog: "all",
      log: { ...silentLogger, warn: (fields) => void reasons.push(Reflect.get(fields, "reason")) },
    });
    askAndReadNothing(t, edge.port, "/");
    await until("the variant to be let go", () => left);
    assert.deepEqual(reasons, ["ClientStalled"]);
  });

  it("keeps a client that has read everything while the variant is idle", async (t) => {
    const total = 16 * mib;
    const last = gate();
    let left = false;
    const variant = await serve(t, async (req, res) => {
      if (req.url === "/flood") {
        res.on("close", () => (left = true));
        pour(res, Infinity);
        return;
      }
      res.writeHead(200, { "content-length": total + 1 });
      res.write(Buffer.alloc(total));
      await last.promise;
      res.end("!");
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { stalledMs: 300 } });
    const headers = { host: "storefront.localhost" };
    let received = 0;
    let whole = false;
    http.get({ port: edge.port, host: "127.0.0.1", headers, agent: false }, (res) => {
      res.on("data", (chunk: Buffer) => (received += chunk.length));
      res.on("error", () => undefined);
      res.on("end", () => (whole = true));
    });
    await until("all but the last byte", () => received === total);
    // Who really takes nothing, and began to only now, is cut off: so the limit was over for the other one, too.
    askAndReadNothing(t, edge.port, "/flood");
    await until("the limit to be over", () => left);
    last.open();
    await until("the end", () => whole);
    assert.equal(received, total + 1);
  });

  it("pauses a fast client when the variant is slow, and loses nothing", async (t) => {
    const total = 64 * mib;
    const read = gate();
    let received = 0;
    const variant = await serve(t, async (req, res) => {
      req.pause();
      await read.promise;
      for await (const chunk of req) received += (chunk as Buffer).length;
      res.end("done");
    });
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": variant.url } }),
    );
    const req = http.request({
      port: edge.port,
      host: "127.0.0.1",
      method: "POST",
      agent: false,
      headers: { host: "storefront.localhost", "content-length": total },
    });
    const answered = new Promise<number>((resolve) =>
      req.on("response", (res) => resolve(res.statusCode ?? 0)),
    );
    const poured = pour(req, total, () => req.end());
    const sent = (): number => poured.sent;
    await stalled(sent, "the client to be held back");
    assert.ok(sent() < total / 2, `${sent()} bytes left the client although nobody read them`);
    read.open();
    assert.equal(await answered, 200);
    assert.equal(received, total);
  });
});
