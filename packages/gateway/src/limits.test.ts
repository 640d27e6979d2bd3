import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { until } from "@cocktail/test-support";
import { fetch2, session } from "../test/http2-client.ts";
import {
  ask,
  echo,
  echoed,
  gate,
  openWorld,
  problemOf,
  RawClient,
  rawExchange,
  serve,
  stalled,
  tableOf,
  type World,
} from "../test/world.ts";
import { defaultLimits, type Limits } from "./limits.ts";

async function limited(
  t: TestContext,
  limits: Partial<Limits>,
): Promise<World & { seen: string[] }> {
  const seen: string[] = [];
  const variant = await serve(t, (req, res) => {
    seen.push(req.url ?? "");
    echo("stable")(req, res);
  });
  const world = await openWorld(t, tableOf({ variants: { "storefront:stable": variant.url } }), {
    limits,
  });
  return { ...world, seen };
}

const host = "Host: storefront.localhost\r\n";

describe("limits", { concurrency: 4 }, () => {
  it("answers 414 to a long URL, up to far beyond the limit", async (t) => {
    const { edge, seen } = await limited(t, { targetBytes: 100 });
    assert.equal((await ask(edge.port, { path: `/${"a".repeat(99)}` })).status, 200);
    assert.equal(
      problemOf(await ask(edge.port, { path: `/${"a".repeat(100)}` })).code,
      "TargetTooLong",
    );
    const huge = await rawExchange(
      t,
      edge.port,
      `GET /${"a".repeat(60_000)} HTTP/1.1\r\n${host}\r\n`,
    );
    assert.match(huge, /^HTTP\/1\.1 414 /);
    assert.equal(seen.length, 1);
  });

  it("answers 431 to large headers, up to far beyond the limit", async (t) => {
    const { edge, seen } = await limited(t, { headBytes: 1000 });
    assert.equal((await ask(edge.port, { headers: { "x-a": "a".repeat(900) } })).status, 200);
    assert.equal(
      problemOf(await ask(edge.port, { headers: { "x-a": "a".repeat(1000) } })).code,
      "HeadTooLarge",
    );
    const huge = await rawExchange(
      t,
      edge.port,
      `GET / HTTP/1.1\r\n${host}X-A: ${"a".repeat(60_000)}\r\n\r\n`,
    );
    assert.match(huge, /^HTTP\/1\.1 431 /);
    assert.equal(seen.length, 1);
  });

  it("answers 431 to many headers", async (t) => {
    const { edge } = await limited(t, { headLines: 20 });
    const lines = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, ""]));
    assert.equal((await ask(edge.port, { headers: lines(18) })).status, 200);
    assert.equal((await ask(edge.port, { headers: lines(19) })).status, 431);
  });

  it("answers 413 to a body that announces more", async (t) => {
    const { edge, seen } = await limited(t, { bodyBytes: 10 });
    assert.equal((await ask(edge.port, { method: "POST", body: "a".repeat(10) })).status, 200);
    const bytes = `POST / HTTP/1.1\r\n${host}Content-Length: 11\r\n\r\n`;
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(bytes);
    await client.until('"code":"BodyTooLarge"');
    assert.match(client.received, /^HTTP\/1\.1 413 [^]*connection: close/i);
    assert.equal(seen.length, 1);
  });

  it("answers 413 to a chunked body that grows too large", async (t) => {
    const { edge } = await limited(t, { bodyBytes: 10 });
    const client = new RawClient(edge.port);
    t.after(() => client.close());
    client.send(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n`);
    client.send("8\r\n12345678\r\n");
    await client.until('"code":"BodyTooLarge"');
    await client.whole();
  });

  it("answers 408 to a slow head", async (t) => {
    const { edge } = await limited(t, { headMs: 60 });
    const answer = await rawExchange(t, edge.port, "GET / HTTP/1.1\r\nHost: storefr");
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.match(answer, /RequestTimeout/);
  });

  it("answers 408 to a slow head on a kept connection, after the answer before it", async (t) => {
    const { edge } = await limited(t, { headMs: 60 });
    const answer = await rawExchange(t, edge.port, `GET /1 HTTP/1.1\r\n${host}\r\nGET / HT`);
    assert.match(answer, /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 408 /);
  });

  it("closes a connection that sends nothing, or half of an HTTP/2 preface", async (t) => {
    const { edge } = await limited(t, { headMs: 60 });
    assert.equal(await rawExchange(t, edge.port, ""), "");
    assert.equal(await rawExchange(t, edge.port, "PRI * HTTP/2.0\r\n"), "");
  });

  it("answers 408 to a stalled upload", async (t) => {
    const { edge } = await limited(t, { bodyIdleMs: 60 });
    const answer = await rawExchange(
      t,
      edge.port,
      `POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nabc`,
    );
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  it("does not time out the client when the variant is slow", async (t) => {
    const arrived = gate();
    const release = gate();
    const variant = await serve(t, async (req, res) => {
      req.pause();
      arrived.open();
      await release.promise;
      echo("stable")(req, res);
      req.resume();
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { bodyIdleMs: 400 } });
    const total = 16 << 20;
    let answered = 0;
    const sent = ask(edge.port, { method: "POST", body: Buffer.alloc(total, 97) }).then(
      (answer) => {
        answered = answer.status;
        return answer;
      },
    );
    await arrived.promise;
    // The client of another upload is to blame, and began later: when it is told so, the limit was over for both.
    const slow = `POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nabc`;
    assert.match(await rawExchange(t, edge.port, slow), /^HTTP\/1\.1 408 /);
    assert.equal(answered, 0);
    release.open();
    assert.equal(echoed(await sent).body.length, total);
  });

  it("ends an idle connection", async (t) => {
    const { edge } = await limited(t, { keepAliveMs: 50 });
    const answer = await rawExchange(t, edge.port, `GET / HTTP/1.1\r\n${host}\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  it("answers 504 when the variant sends no head, and aborts the request there", async (t) => {
    const left = gate();
    const variant = await serve(t, (req) => req.on("close", () => left.open()));
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { responseHeadMs: 50 } });
    const answer = await ask(edge.port);
    assert.deepEqual([answer.status, problemOf(answer).code], [504, "VariantTimeout"]);
    await left.promise;
  });

  it("refuses connections above the limit, and accepts them again below it", async (t) => {
    const { edge } = await limited(t, { connections: 2 });
    const clients = [new RawClient(edge.port), new RawClient(edge.port)];
    t.after(() => clients.forEach((client) => client.close()));
    for (const client of clients) {
      client.send(`GET / HTTP/1.1\r\n${host}\r\n`);
      await client.until("200 OK");
    }
    assert.match(await rawExchange(t, edge.port, ""), /^HTTP\/1\.1 503 [^]*TooManyConnections/);
    clients[0]?.close();
    let status = 0;
    await until(
      "a connection to be taken",
      () => {
        if (status !== 200)
          void ask(edge.port).then(
            (answer) => (status = answer.status),
            () => undefined,
          );
        return status === 200;
      },
      { seen: () => status },
    );
  });

  it("lets requests wait when the connections to a variant are used up", async (t) => {
    let arrived = 0;
    const release = gate();
    const variant = await serve(t, async (_req, res) => {
      arrived++;
      await release.promise;
      res.end("ok");
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge, gateway } = await openWorld(t, table, { limits: { upstreamConnections: 3 } });
    const answers = Promise.all(Array.from({ length: 20 }, () => ask(edge.port)));
    const stable = { service: "storefront", key: "stable", incarnation: 1 };
    await until("20 requests in flight", () => gateway.inFlight(stable) === 20);
    assert.equal(await stalled(() => arrived, "no further request to arrive"), 3);
    release.open();
    assert.ok((await answers).every(({ status }) => status === 200));
    assert.equal(arrived, 20);
  });

  it("answers 504 to a request that waits too long for a connection to the variant", async (t) => {
    const arrived = gate();
    const paths: string[] = [];
    const variant = await serve(t, (req, res) => {
      paths.push(req.url ?? "");
      // An event stream: its answer has begun, so that nothing limits it.
      res.write("begin");
      arrived.open();
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const limits = { upstreamConnections: 1, responseHeadMs: 50 };
    const { edge } = await openWorld(t, table, { limits });
    const events = new RawClient(edge.port);
    t.after(() => events.close());
    events.send(`GET /events HTTP/1.1\r\n${host}\r\n`);
    await arrived.promise;
    const answer = await ask(edge.port, { path: "/waiting" });
    assert.deepEqual([answer.status, problemOf(answer).code], [504, "VariantTimeout"]);
    assert.deepEqual(paths, ["/events"]);
  });

  it("allows an idle upload once the variant responds", async (t) => {
    const variant = await serve(t, (req, res) => {
      if (req.url === "/chat") {
        res.write("begin");
        req.on("data", (chunk) => res.write(String(chunk)));
      }
    });
    const table = tableOf({ variants: { "storefront:stable": variant.url } });
    const { edge } = await openWorld(t, table, { limits: { bodyIdleMs: 40 } });
    const chat = new RawClient(edge.port);
    t.after(() => chat.close());
    chat.send(`POST /chat HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`);
    await chat.until("begin");
    // Somebody else's time is up; so was the first one's, if it had been measured.
    const slow = `POST /slow HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nabc`;
    assert.match(await rawExchange(t, edge.port, slow), /^HTTP\/1\.1 408 /);
    assert.match(await rawExchange(t, edge.port, slow), /^HTTP\/1\.1 408 /);
    chat.send("5\r\nstill\r\n");
    await chat.until("still");
  });

  it("can be switched off", async (t) => {
    const off = Object.keys(defaultLimits).map((name) => [
      name,
      name.endsWith("Ms") ? 0 : Number.POSITIVE_INFINITY,
    ]);
    const { edge } = await limited(t, Object.fromEntries(off) as Partial<Limits>);
    const path = `/${"a".repeat(12_000)}`;
    assert.equal((await ask(edge.port, { path })).status, 200);
    assert.equal((await fetch2(session(t, edge.port), { ":path": path })).status, 200);
  });
});
