import assert from "node:assert/strict";
import http from "node:http";
import { describe, it } from "node:test";
import { gate, openWorld, serve, stalled, tableOf } from "../test/world.ts";

const mib = 1 << 20;

describe("back-pressure over HTTP/1.1", { concurrency: 4 }, () => {
  it("holds a fast variant back when the client is slow, and loses nothing", async (t) => {
    const total = 64 * mib;
    let sent = 0;
    const variant = await serve(t, (_req, res) => {
      const chunk = Buffer.alloc(mib, 1);
      const more = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!res.write(chunk)) {
            res.once("drain", more);
            return;
          }
        }
        res.end();
      };
      more();
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
    await stalled(() => sent, "the variant to be held back");
    assert.ok(sent < total / 2, `${sent} bytes left the variant although nobody read them`);
    let received = 0;
    for await (const chunk of res) received += (chunk as Buffer).length;
    assert.equal(received, total);
  });

  it("holds a fast client back when the variant is slow, and loses nothing", async (t) => {
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
    const chunk = Buffer.alloc(mib);
    let sent = 0;
    const more = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!req.write(chunk)) return;
      }
      req.end();
    };
    req.on("drain", more);
    more();
    await stalled(() => sent, "the client to be held back");
    assert.ok(sent < total / 2, `${sent} bytes left the client although nobody read them`);
    read.open();
    assert.equal(await answered, 200);
    assert.equal(received, total);
  });
});
