import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { call, echo, next, serve } from "../test/servers.ts";

const register = new URL("./register.ts", import.meta.url).href;
const service = fileURLToPath(new URL("../test/__fixtures__/service.cjs", import.meta.url));

describe("the preloaded library", () => {
  it("carries routes through a service that knows nothing of it, to the hosts of COCKTAIL_HOSTS", async () => {
    const seen: (string | undefined)[] = [];
    await using downstream = await serve((incoming, outgoing) => {
      seen.push(incoming.headers["x-service-route"]?.toString());
      if (incoming.headers["x-route-trace"] === "on") {
        outgoing.setHeader("x-route-trace", `"${incoming.url?.slice(1)}";via=none`);
      }
      echo(incoming, outgoing);
    });
    const { child, url } = await start({
      COCKTAIL_HOSTS: downstream.host,
      DOWNSTREAM_URL: downstream.url,
    });
    try {
      const answer = await call(url, {
        method: "POST",
        headers: { "x-service-route": "a:b", "x-route-trace": "on" },
        body: "hello",
      });
      assert.equal(answer.headers["x-body"], "hello");
      assert.equal(answer.headers["x-route-trace"], '"http";via=none, "fetch";via=none');
      assert.deepEqual(seen.splice(0), ["a:b", "a:b"]);

      await Promise.all(
        Array.from({ length: 200 }, async (_, n) => {
          const headers: Record<string, string> =
            n % 4 === 0 ? {} : { "x-service-route": `a:b${n}` };
          await call(url, { method: "POST", headers, body: "x" });
        }),
      );
      const wanted = Array.from({ length: 200 }, (_, n) => (n % 4 === 0 ? "" : `a:b${n}`));
      assert.deepEqual(
        seen.map((pins) => pins ?? "").toSorted(),
        [...wanted, ...wanted].toSorted(),
      );
    } finally {
      await stop(child);
    }
  });

  it("carries the route of an upgrade into what its socket leads to", async () => {
    const seen: (string | undefined)[] = [];
    await using downstream = await serve((incoming, outgoing) => {
      seen.push(incoming.headers["x-service-route"]?.toString());
      echo(incoming, outgoing);
    });
    const { child, url } = await start({
      COCKTAIL_HOSTS: downstream.host,
      DOWNSTREAM_URL: downstream.url,
    });
    try {
      for (const route of ["x-service-route: a:b\r\n", ""]) {
        const socket = connect(Number(new URL(url).port), "127.0.0.1");
        socket.write(
          `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: test\r\n${route}\r\n`,
        );
        await once(socket, "data");
        socket.write("a message");
        await once(socket.resume(), "close");
      }
      assert.deepEqual(seen, ["a:b", undefined]);
    } finally {
      await stop(child);
    }
  });

  it("without COCKTAIL_HOSTS carries them nowhere", async () => {
    const seen: string[] = [];
    await using downstream = await serve((incoming, outgoing) => {
      seen.push(...Object.keys(incoming.headers));
      echo(incoming, outgoing);
    });
    const { child, url } = await start({ DOWNSTREAM_URL: downstream.url });
    try {
      await call(url, { method: "POST", headers: { "x-service-route": "a:b" }, body: "x" });
      assert.ok(seen.length > 0);
      assert.deepEqual(
        seen.filter((name) => /route|baggage/.test(name)),
        [],
      );
    } finally {
      await stop(child);
    }
  });

  it("refuses to start with a COCKTAIL_HOSTS that names no hosts, and says which entry", async () => {
    const child = launch({ COCKTAIL_HOSTS: "payment:8080,http://orders", DOWNSTREAM_URL: "" });
    let text = "";
    child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const code = await next<number>(child, "close");
    assert.notEqual(code, 0);
    assert.match(text, /COCKTAIL_HOSTS holds "http:\/\/orders", which is not a valid host/);
  });
});

function launch(env: Record<string, string>): ChildProcess {
  const { COCKTAIL_HOSTS: _hosts, ...inherited } = process.env;
  return fork(service, [], {
    execArgv: ["--conditions=@cocktail/source", "--import", register],
    env: { ...inherited, ...env },
    silent: true,
  });
}

async function start(env: Record<string, string>): Promise<{ child: ChildProcess; url: string }> {
  const child = launch(env);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the service ended with ${String(code)} before it listened`);
  });
  const message = await Promise.race([next<{ port: number }>(child, "message"), ended]);
  ended.catch(() => {});
  return { child, url: `http://127.0.0.1:${message.port}` };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.disconnect();
  await ended;
}
