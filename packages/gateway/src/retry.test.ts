import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ask, gate, openWorld, problemOf, serveRaw, tableOf } from "../test/world.ts";

describe("retries", { concurrency: 4 }, () => {
  it("retries an idempotent request when an idle connection closes during it", async (t) => {
    let connections = 0;
    const requests: string[] = [];
    const url = await serveRaw(t, (socket) => {
      const first = ++connections === 1;
      let answered = 0;
      socket.on("data", (chunk) => {
        requests.push(chunk.toString().slice(0, chunk.indexOf("\r\n")));
        // The first connection answers once, and ends when the second request arrives on it.
        if (first && answered++ > 0) socket.destroy();
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    assert.equal((await ask(edge.port, { path: "/1" })).body, "ok");
    assert.equal((await ask(edge.port, { path: "/2" })).body, "ok");
    assert.deepEqual(requests, ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /2 HTTP/1.1"]);
  });

  it("retries again when the next idle connection has closed, too", async (t) => {
    const requests: string[] = [];
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const waiting = gate();
    const freed = gate();
    let connections = 0;
    let answerA = (): void => undefined;
    const url = await serveRaw(t, (socket) => {
      const number = ++connections;
      socket.on("data", async (chunk) => {
        const path = chunk.toString().split(" ")[1] ?? "";
        requests.push(`${path} on ${number}`);
        if (path === "/a") {
          answerA = () => socket.write(answer);
          waiting.open();
        } else if (path === "/c" && number < 3) {
          // Connection 1 is free again, and as dead, when 2 ends.
          answerA();
          await freed.promise;
          socket.destroy();
        } else socket.write(answer);
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const first = ask(edge.port, { path: "/a" });
    await waiting.promise;
    await ask(edge.port, { path: "/b" });
    const third = ask(edge.port, { path: "/c" });
    await first;
    answerA = () => undefined;
    freed.open();
    assert.equal((await third).body, "ok");
    assert.deepEqual(requests, ["/a on 1", "/b on 2", "/c on 2", "/c on 1", "/c on 3"]);
  });

  for (const method of ["POST", "DELETE", "PUT"]) {
    it(`never sends a ${method} twice`, async (t) => {
      let seen = 0;
      const url = await serveRaw(t, (socket) => {
        let answered = 0;
        socket.on("data", () => {
          if (answered++ > 0) {
            seen++;
            socket.destroy();
          } else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
      });
      const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
      await ask(edge.port);
      const answer = await ask(edge.port, { method });
      assert.deepEqual([answer.status, problemOf(answer).code], [503, "VariantUnavailable"]);
      assert.equal(seen, 1);
    });
  }

  it("does not retry when a new connection closes during the request", async (t) => {
    let seen = 0;
    const url = await serveRaw(t, (socket) => {
      socket.on("data", () => {
        seen++;
        socket.destroy();
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    assert.equal((await ask(edge.port)).status, 503);
    assert.equal(seen, 1);
  });
});
