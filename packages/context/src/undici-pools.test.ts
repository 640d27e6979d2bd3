import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { after, afterEach, before, describe, it } from "node:test";
import { parseRoute, type Route } from "@cocktail/route";
import * as undici8 from "undici";
import * as undici6 from "undici6";
import * as undici7 from "undici7";
import { install, run, uninstall } from "./index.ts";
import { echo, parsed, type Running, type Seen, serve } from "../test/servers.ts";

/** What the versions have in common; their types differ in what the tests don't use. */
type Undici = Pick<
  typeof undici8,
  "Agent" | "BalancedPool" | "Pool" | "RoundRobinPool" | "fetch" | "setGlobalDispatcher"
>;

const versions: Readonly<Record<string, Undici>> = {
  "undici 6": undici6 as unknown as Undici,
  "undici 7": undici7 as unknown as Undici,
  "undici 8": undici8,
};

/** How many calls are made at once, over fewer connections. Every sixth has no route. */
const calls = 120;

const ways: Readonly<Record<string, (undici: Undici, url: string) => Client>> = {
  "a pool's request": ({ Pool }, url) => byRequest(new Pool(url, { connections: 1 })),
  "a pool's stream": ({ Pool }, url) => byStream(new Pool(url, { connections: 2 })),
  "a pool's pipeline": ({ Pool }, url) => byPipeline(new Pool(url, { connections: 2 })),
  "a balanced pool's request": ({ BalancedPool }, url) =>
    byRequest(new BalancedPool(url, { connections: 1 })),
  "a round-robin pool's request": (undici, url) =>
    // Undici 6 has none.
    byRequest(new (undici.RoundRobinPool ?? undici.Pool)(url, { connections: 1 })),
  "an agent's request": ({ Agent }, url) => byRequest(new Agent({ connections: 3 }), url),
  "fetch with an agent": ({ Agent, fetch }, url) => {
    const dispatcher = new Agent({ connections: 3 });
    return {
      call: async () => parsed<Seen>(await (await fetch(url, { dispatcher })).text()),
      close: () => dispatcher.close(),
    };
  },
};

interface Client {
  readonly call: () => Promise<Seen>;
  readonly close: () => Promise<void>;
}

function byRequest(dispatcher: undici8.Dispatcher, origin?: string): Client {
  const options = { path: "/", method: "GET", ...(origin && { origin }) } as const;
  return {
    call: async () => parsed<Seen>(await (await dispatcher.request(options)).body.text()),
    close: () => dispatcher.close(),
  };
}

function byStream(dispatcher: undici8.Dispatcher): Client {
  return {
    call: async () => {
      const body = new PassThrough();
      const [all] = await Promise.all([
        text(body),
        dispatcher.stream({ path: "/", method: "GET" }, () => body),
      ]);
      return parsed<Seen>(all);
    },
    close: () => dispatcher.close(),
  };
}

function byPipeline(dispatcher: undici8.Dispatcher): Client {
  return {
    call: async () => {
      const duplex = dispatcher.pipeline({ path: "/", method: "POST" }, ({ body }) => body);
      duplex.end("x");
      return parsed<Seen>(await text(duplex));
    },
    close: () => dispatcher.close(),
  };
}

function pinOf(n: number): string | undefined {
  return n % 6 === 5 ? undefined : `a:b${n}`;
}

function routeOf(n: number): Route {
  return parseRoute({ pins: pinOf(n) }).route;
}

/** The pins that the other side saw, of calls that were all made at once. */
async function pinsSeen(call: () => Promise<Seen>): Promise<unknown[]> {
  const made = Array.from({ length: calls }, (_, n) =>
    // What has no route is also what no request led to.
    pinOf(n) === undefined ? call() : run(routeOf(n), call),
  );
  return (await Promise.all(made)).map(({ headers }) => headers["x-service-route"]);
}

const expected = Array.from({ length: calls }, (_, n) => pinOf(n));

describe("calls that wait in a pool of undici", () => {
  let ours: Running;

  before(async () => {
    ours = await serve(echo);
  });
  after(() => ours[Symbol.asyncDispose]());
  afterEach(uninstall);

  async function assertApart(way: string, undici: Undici): Promise<void> {
    const client = ways[way]?.(undici, ours.url);
    assert.ok(client);
    assert.deepEqual(await pinsSeen(client.call), expected);
    await client.close();
  }

  for (const [version, undici] of Object.entries(versions)) {
    for (const way of Object.keys(ways)) {
      it(`have their maker's route: ${way} by ${version}`, async () => {
        install({ hosts: [ours.host] });
        await assertApart(way, undici);
      });
    }
  }

  it("have their maker's route by an undici that is loaded after the library", async () => {
    for (const [version, name] of [
      ["undici 6", "undici6"],
      ["undici 7", "undici7"],
      ["undici 8", "undici"],
    ] as const) {
      forget(name);
      install({ hosts: [ours.host] });
      const later = load(name);
      assert.notEqual(later.Pool, versions[version]?.Pool, "it is loaded anew");
      for (const way of Object.keys(ways)) await assertApart(way, later);
      uninstall();
    }
  });

  it("have their maker's route by an undici that nobody can see, except with fetch", async () => {
    for (const name of ["undici6", "undici7", "undici"]) {
      forget(name);
      const bundled = load(name);
      forget(name);
      install({ hosts: [ours.host] });
      for (const way of Object.keys(ways)) {
        if (!way.startsWith("fetch")) await assertApart(way, bundled);
      }
      uninstall();
    }
  });

  it("have their maker's route by the global fetch, with an agent of undici 7 or 8 for all", async () => {
    install({ hosts: [ours.host] });
    const before = undici8.getGlobalDispatcher();
    for (const version of ["undici 7", "undici 8"]) {
      const { Agent, setGlobalDispatcher } = versions[version] ?? undici8;
      const agent = new Agent({ connections: 4 });
      setGlobalDispatcher(agent);
      try {
        const call = async (): Promise<Seen> => parsed<Seen>(await (await fetch(ours.url)).text());
        assert.deepEqual(await pinsSeen(call), expected);
      } finally {
        undici8.setGlobalDispatcher(before);
        await agent.close();
      }
    }
  });

  it("have their maker's route where calls share one handler, one after the other", async () => {
    install({ hosts: [ours.host] });
    const pool = new undici8.Pool(ours.url, { connections: 1 });
    let chunks: Buffer[] = [];
    let done = Promise.withResolvers<void>();
    const handler: undici8.Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: () => {},
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => done.resolve(),
      onResponseError: (_controller, error) => done.reject(error),
    };
    for (const pins of ["a:first", undefined, "a:second"]) {
      chunks = [];
      done = Promise.withResolvers();
      run(parseRoute({ pins }).route, () => pool.dispatch({ path: "/", method: "GET" }, handler));
      await done.promise;
      const seen = parsed<Seen>(Buffer.concat(chunks).toString());
      assert.equal(seen.headers["x-service-route"], pins);
    }
    await pool.close();
  });
});

const require = createRequire(import.meta.url);

function load(name: string): Undici {
  return require(name) as Undici;
}

/** As if it had never been loaded: the next one loads it anew, and nobody finds the one that is there. */
function forget(name: string): void {
  const directory = require.resolve(name).replace(/index\.js$/, "");
  for (const path of Object.keys(require.cache)) {
    if (path.startsWith(directory)) Reflect.deleteProperty(require.cache, path);
  }
}
