import assert from "node:assert/strict";
import { Agent } from "node:http";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { parseRoute } from "@cocktail/route";
import {
  Agent as UndiciAgent,
  interceptors,
  Pool,
  fetch as undiciFetch,
  request as undiciRequest,
} from "undici";
import { current, install, run, uninstall } from "./index.ts";
import { echo, getEcho, parsed, type Running, type Seen, serve } from "../test/servers.ts";

/** A connection is made by one request, and carries the calls of others. */
describe("calls that share a connection", () => {
  let ours: Running;

  before(async () => {
    ours = await serve(echo);
    install({ hosts: [ours.host] });
  });
  after(async () => {
    uninstall();
    await ours[Symbol.asyncDispose]();
  });

  it("belong to their maker where they wait for a connection", async () => {
    const pool = new Pool(ours.url, { connections: 1 });
    const agent = new Agent({ maxSockets: 1, keepAlive: true });
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const pinned = (n: number) => parseRoute({ pins: `a:b${n}` }).route;
    const byUndici = numbers.map((n) =>
      run(pinned(n), async () =>
        parsed<Seen>(await (await pool.request({ path: "/", method: "GET" })).body.text()),
      ),
    );
    const byHttp = numbers.map((n) =>
      run(pinned(n), () => getEcho({ host: "127.0.0.1", port: ours.port, agent })),
    );
    for (const list of [byUndici, byHttp]) {
      const seen = await Promise.all(list);
      seen.forEach((one, n) => assert.equal(one.headers["x-service-route"], `a:b${n}`));
    }
    await pool.close();
    agent.destroy();
  });

  it("that follow from an answer belong to the maker of the first, whoever opened the connection", async () => {
    let failures = 0;
    await using moody = await serve((incoming, outgoing) => {
      if (incoming.url === "/moved") outgoing.writeHead(302, { location: "/" }).end();
      else if (incoming.url === "/busy" && failures++ % 2 === 0) outgoing.writeHead(503).end();
      else echo(incoming, outgoing);
    });
    install({ hosts: [moody.host] });
    const follow = {
      "/moved": interceptors.redirect({ maxRedirections: 1 }),
      "/busy": interceptors.retry({ minTimeout: 1, statusCodes: [503] }),
    };
    for (const [path, interceptor] of Object.entries(follow)) {
      const agent = new UndiciAgent({ connections: 1 });
      const dispatcher = agent.compose(interceptor);
      const ask = async (): Promise<Seen> => {
        const { body } = await undiciRequest(`${moody.url}${path}`, { dispatcher });
        return parsed<Seen>(await body.text());
      };
      const pins: unknown[] = [];
      for (const pin of ["a:first", "a:second", undefined]) {
        const { headers: seen } = await run(parseRoute({ pins: pin }).route, ask);
        pins.push(seen["x-service-route"]);
      }
      pins.push((await ask()).headers["x-service-route"]);
      assert.deepEqual(pins, ["a:first", "a:second", undefined, undefined], path);
      await agent.close();
    }
  });

  it("make their body in the context of their maker", async () => {
    await using counting = await serve((incoming, outgoing) => void incoming.pipe(outgoing));
    const pool = new Pool(counting.url, { connections: 1 });
    const chunk = (): Buffer => Buffer.from(`${current().key || "none"} `);
    async function* generator() {
      yield chunk();
      yield chunk();
    }
    const stream = (): Readable => {
      const read = function (this: Readable): void {
        this.push(chunk());
        this.push(null);
      };
      return new Readable({ read });
    };
    const ways = {
      "a generator": async (): Promise<string> => {
        const init = { method: "POST", duplex: "half", dispatcher: pool } as const;
        return await (await undiciFetch(counting.url, { ...init, body: generator() })).text();
      },
      "a stream": async (): Promise<string> => {
        const { body } = await pool.request({ path: "/", method: "POST", body: stream() });
        return await body.text();
      },
    };
    for (const [kind, post] of Object.entries(ways)) {
      const routed = ["a:first", "a:second"].map((pins) => run(parseRoute({ pins }).route, post));
      const answers = await Promise.all([...routed, post()]);
      const made = answers.map((text) => [...new Set(text.trim().split(" "))]);
      assert.deepEqual(made, [["a:first"], ["a:second"], ["none"]], kind);
    }
    await pool.close();
  });

  it("end the generator of a body that nobody wants any more", async () => {
    const ended = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) {
          // Without a turn of the event loop nothing is heard of the other side.
          await turn();
          yield Buffer.alloc(10_000);
        }
      } finally {
        ended.resolve();
      }
    }
    await using refusing = await serve((incoming) =>
      incoming.once("data", () => incoming.destroy()),
    );
    const init = { method: "POST", duplex: "half", body: endless() } as const;
    await assert.rejects(undiciFetch(refusing.url, init));
    await ended.promise;
  });
});
