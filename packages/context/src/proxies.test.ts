import assert from "node:assert/strict";
import { Agent, createServer, get, type IncomingMessage, request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { after, afterEach, before, describe, it } from "node:test";
import { parseRoute } from "@cocktail/route";
import { HttpProxyAgent } from "http-proxy-agent";
import { ProxyAgent as AnyProxyAgent } from "proxy-agent";
import * as undici8 from "undici";
import * as undici6 from "undici6";
import * as undici7 from "undici7";
import { install, run, uninstall } from "./index.ts";
import { echo, parsed, type Running, type Seen, serve } from "../test/servers.ts";

const { route } = parseRoute({ pins: "payment-service:mp-101" });

/** What a proxy was asked, and which of its requests carried a route. */
interface Proxy extends Running {
  readonly asked: string[];
  readonly carried: string[];
}

/** Passes on whole URLs, and opens tunnels. */
async function proxy(): Promise<Proxy> {
  const asked: string[] = [];
  const carried: string[] = [];
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push(`${method} ${url}`);
    const names = Object.keys(headers).filter((name) => /route|baggage/.test(name));
    if (names.length > 0) carried.push(`${method} ${url}: ${names.join(", ")}`);
  };
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    const { method, url = "", headers } = incoming;
    const passedOn = httpRequest(url, { method, headers, agent: new Agent() }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passedOn.on("error", (error) => outgoing.writeHead(502).end(String(error)));
    incoming.pipe(passedOn);
  });
  const tunnels = new Set<Duplex>();
  server.on("connect", (incoming: IncomingMessage, socket: Duplex) => {
    note(incoming);
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const target = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    for (const one of [socket, target]) {
      tunnels.add(one);
      one.on("error", () => one.destroy());
    }
  });
  const running = await serve(server);
  const dispose = running[Symbol.asyncDispose];
  return {
    ...running,
    asked,
    carried,
    [Symbol.asyncDispose]: async () => {
      for (const one of tunnels) one.destroy();
      await dispose.call(running);
    },
  };
}

function byAgent(agent: Agent): Client {
  return {
    call: (url) =>
      new Promise((resolve, reject) => {
        get(url, { agent }, (answer) => {
          text(answer).then((body) => resolve(parsed<Seen>(body)), reject);
        }).on("error", reject);
      }),
    close: () => Promise.resolve(agent.destroy()),
  };
}

function byDispatcher(dispatcher: undici8.Dispatcher): Client {
  return {
    call: async (url) => {
      const { body } = await dispatcher.request({ origin: url, path: "/", method: "GET" });
      return parsed<Seen>(await body.text());
    },
    close: () => dispatcher.close(),
  };
}

interface Client {
  readonly call: (url: string) => Promise<Seen>;
  readonly close: () => Promise<void>;
}

/** Those that send a whole URL to the proxy. */
const forwarding: Record<string, (proxyUrl: string) => Client> = {
  "http-proxy-agent": (url) => byAgent(new HttpProxyAgent(url)),
  "proxy-agent": (url) => byAgent(new AnyProxyAgent({ getProxyForUrl: () => url })),
  "http.Agent with proxyEnv": (url) => byAgent(new Agent({ proxyEnv: { HTTP_PROXY: url } })),
  "ProxyAgent of undici 7": (uri) => byUndici(undici7 as unknown as typeof undici8, uri, false),
  "ProxyAgent of undici 8": (uri) => byUndici(undici8, uri, false),
};
/** Those that make a tunnel to the target. */
const tunnelling: Record<string, (proxyUrl: string) => Client> = {
  "ProxyAgent of undici 6": (uri) => byUndici(undici6 as unknown as typeof undici8, uri, true),
  "ProxyAgent of undici 7": (uri) => byUndici(undici7 as unknown as typeof undici8, uri, true),
  "ProxyAgent of undici 8": (uri) => byUndici(undici8, uri, true),
};

function byUndici({ ProxyAgent }: typeof undici8, uri: string, proxyTunnel: boolean): Client {
  return byDispatcher(new ProxyAgent({ uri, proxyTunnel }));
}

describe("a call by a proxy", () => {
  let target: Running;
  let stranger: Running;

  before(async () => {
    target = await serve(echo);
    stranger = await serve(echo);
  });
  after(async () => {
    await target[Symbol.asyncDispose]();
    await stranger[Symbol.asyncDispose]();
  });
  afterEach(uninstall);

  async function call(made: Client, url: string): Promise<unknown> {
    const { headers } = await run(route, () => made.call(url));
    await made.close();
    return headers["x-service-route"];
  }

  for (const [name, make] of Object.entries(forwarding)) {
    it(`that reads it has the route only where the proxy is the cocktail's too: ${name}`, async () => {
      await using foreign = await proxy();
      install({ hosts: [target.host] });
      assert.equal(await call(make(foreign.url), target.url), undefined);
      assert.deepEqual(foreign.carried, []);
      assert.deepEqual(foreign.asked, [`GET ${target.url}/`]);
      await using own = await proxy();
      install({ hosts: [own.host] });
      assert.equal(await call(make(own.url), target.url), "payment-service:mp-101");
      assert.equal(await call(make(own.url), stranger.url), undefined);
      assert.equal(own.carried.length, 1);
    });
  }

  for (const [name, make] of Object.entries(tunnelling)) {
    it(`that only makes a tunnel has the route where the target is the cocktail's: ${name}`, async () => {
      await using foreign = await proxy();
      install({ hosts: [target.host] });
      assert.equal(await call(make(foreign.url), target.url), "payment-service:mp-101");
      assert.equal(await call(make(foreign.url), stranger.url), undefined);
      assert.deepEqual(foreign.carried, []);
      assert.equal(foreign.asked.filter((line) => line.startsWith("CONNECT ")).length, 2);
    });
  }
});
