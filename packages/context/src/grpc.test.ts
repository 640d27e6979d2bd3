import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { parseRoute } from "@cocktail/route";
import { bind, current, headers, install, run, uninstall, withRoute } from "./index.ts";
import { targetUrl } from "./grpc-client.ts";
import { isInternal, parseHosts } from "./hosts.ts";
import { routeClientInterceptor, routeServerInterceptor } from "./grpc.ts";
import { silent } from "./logger.ts";
import { shared } from "./shared-state.ts";
import { call, echo, fetchEcho, next, parsed, type Running, serve } from "../test/servers.ts";

const serialize = (text: string): Buffer => Buffer.from(text);
const deserialize = (bytes: Buffer): string => bytes.toString();
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
});
const service = {
  say: method("/test.Say/Say", false, false),
  stream: method("/test.Say/Stream", false, true),
  chat: method("/test.Say/Chat", true, true),
};

const hop = `"cart-service";variant="mp-101";via=pin`;
const wide = parseRoute({
  pins: "payment-service:mp-101",
  environment: "ops-101",
  mode: "strict",
}).route;

const routeOf = (pins: string) => parseRoute({ pins }).route;

describe("gRPC", () => {
  let downstream: Running;
  let server: Server;
  let target: string;
  let seen: Metadata[] = [];
  let whenCancelled = (_key: string): void => {};
  /** What `say` may send with all its answers. */
  const ownHead = new Metadata();
  /** Work that a call of `say` left behind. */
  let leftBehind = (): void => {};
  const clients: Client[] = [];

  /** Answers with its own key and what an HTTP service saw of its call; a `fail` ends in an error. */
  const say: handleUnaryCall<string, string> = (call, callback) => {
    seen.push(call.metadata);
    leftBehind = bind(() => void headers());
    const answer = async (): Promise<string> => {
      await pause(Math.random() * 3);
      const { headers } = await fetchEcho(downstream.url);
      return JSON.stringify({ key: current().key, http: headers["x-service-route"] ?? "" });
    };
    const end = async (): Promise<void> => {
      const text = await answer().catch((error: unknown) => String(error));
      if (call.request === "own head") call.sendMetadata(ownHead);
      if (call.request === "fail") callback({ code: status.ABORTED, details: "as asked" });
      else callback(null, text);
    };
    void end();
  };
  const stream: handleServerStreamingCall<string, string> = (call) => {
    const end = async (): Promise<void> => {
      await pause(1);
      call.write(current().key);
      call.end();
    };
    void end();
  };
  const chat: handleBidiStreamingCall<string, string> = (call) => {
    call.on("cancelled", () => whenCancelled(current().key));
    call.on("data", () => call.write(current().key));
    call.on("end", () => call.end());
  };

  before(async () => {
    // Like a gateway: reports its hop where it was asked for.
    downstream = await serve((incoming, outgoing) => {
      if (incoming.headers["x-route-trace"] === "on") outgoing.setHeader("x-route-trace", hop);
      echo(incoming, outgoing);
    });
    server = new Server({ interceptors: [routeServerInterceptor()] });
    server.addService(service, { say, stream, chat });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    target = `127.0.0.1:${port}`;
    install({ hosts: [downstream.host, target] });
  });
  after(async () => {
    uninstall();
    for (const client of clients) client.close();
    server.forceShutdown();
    await downstream[Symbol.asyncDispose]();
  });

  function open(at = target): Client {
    const client = new Client(at, credentials.createInsecure(), {
      interceptors: [routeClientInterceptor(at)],
    });
    clients.push(client);
    return client;
  }

  function unary(
    client: Client,
    text = "hello",
    metadata = new Metadata(),
  ): Promise<{ key: string; http: string }> {
    const { path } = service.say;
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, serialize, deserialize, text, metadata, (error, answer) => {
        if (error === null) resolve(parsed(answer ?? ""));
        else reject(error);
      });
    });
  }

  it("carries the route from a caller through the server into its calls", async () => {
    const client = open();
    seen = [];
    const { key, http } = await run(wide, () => unary(client));
    assert.equal(key, "payment-service:mp-101;environment=ops-101;mode=strict");
    assert.equal(http, "payment-service:mp-101");
    assert.deepEqual(seen[0]?.get("baggage"), [
      "service-route=payment-service%3Amp-101,source-route=ops-101,route-mode=strict",
    ]);
  });

  it("never mixes 500 interleaved calls", async () => {
    const client = open();
    await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const { route } = parseRoute({ pins: n % 5 === 0 ? undefined : `a:b${n}` });
        const { key, http } = await run(route, () => unary(client));
        const wanted = n % 5 === 0 ? "" : `a:b${n}`;
        assert.deepEqual([key, http], [wanted, wanted]);
      }),
    );
  });

  it("carries it through streams", async () => {
    const client = open();
    const { path } = service.stream;
    const one = run(wide, () =>
      client.makeServerStreamRequest(path, serialize, deserialize, "hello"),
    );
    const first = await next<string>(one, "data");
    assert.match(first, /^payment-service:mp-101/);
    const both = run(wide, () =>
      client.makeBidiStreamRequest(service.chat.path, serialize, deserialize),
    );
    for (let n = 0; n < 3; n++) {
      both.write("x");
      const answer = await next<string>(both, "data");
      assert.match(answer, /^payment-service:mp-101/);
    }
    both.end();
    both.resume();
    await once(both, "end");
  });

  it("answers in the context of the caller, whoever opened the connection", async () => {
    // Four wait for one connection, and are sent, and answered, from its events.
    const client = open();
    const keys = [...["first", "second", "third"].map((key) => `a:${key}`), ""];
    const { path } = service.say;
    const answered = keys.map((pins) => {
      const said = Promise.withResolvers<string>();
      const ask = (): unknown =>
        client.makeUnaryRequest(path, serialize, deserialize, "hello", new Metadata(), () =>
          said.resolve(current().key),
        );
      if (pins === "") ask();
      else run(routeOf(pins), ask);
      return said.promise;
    });
    assert.deepEqual(await Promise.all(answered), keys);
    for (const event of ["metadata", "data", "end", "status"]) {
      const heard = keys.map((pins) => {
        const said = Promise.withResolvers<string>();
        run(routeOf(pins), () => {
          client
            .makeServerStreamRequest(service.stream.path, serialize, deserialize, "hello")
            .on(event, () => said.resolve(current().key))
            .on("error", said.reject)
            .resume();
        });
        return said.promise;
      });
      assert.deepEqual(await Promise.all(heard), keys, event);
    }
  });

  it("tells a handler in its own context that the call was cancelled", async () => {
    const cancelled = Promise.withResolvers<string>();
    whenCancelled = cancelled.resolve;
    const call = run(wide, () =>
      open().makeBidiStreamRequest(service.chat.path, serialize, deserialize),
    );
    call.on("error", () => {});
    call.write("x");
    await next(call, "data");
    call.cancel();
    assert.match(await cancelled.promise, /^payment-service:mp-101/);
  });

  it("tells the leak guard of its calls", async () => {
    const warnings: string[] = [];
    const warn = (_fields: object, message: string): number => warnings.push(message);
    install({ leakGuard: { graceMs: 0 }, log: { ...silent, warn } });
    try {
      const client = open();
      await run(wide, () => unary(client));
      assert.deepEqual(warnings, []);
      leftBehind();
      assert.match(warnings[0] ?? "", /carries the context of \/test\.Say\/Say \(payment-service/);
      await fetchEcho(downstream.url);
      assert.equal(warnings.length, 1, "a call is still counted");
    } finally {
      install({ leakGuard: false, log: silent });
      shared.contextForAll = false;
    }
  });

  it("brings the trace of the server's calls back, also where it fails", async () => {
    const client = open();
    for (const [text, outcome] of [
      ["hello", undefined],
      ["own head", undefined],
      ["fail", status.ABORTED],
    ] as const) {
      await using front = await serve(
        withRoute(async (_request, response) => {
          const failed = await unary(client, text).then(
            () => undefined,
            (error: unknown) => error instanceof Error && "code" in error && error.code,
          );
          assert.equal(failed, outcome);
          response.end();
        }),
      );
      const answer = await call(front.url, { headers: { "x-route-trace": "on" } });
      assert.equal(answer.headers["x-route-trace"], hop, text);
      assert.equal((await call(front.url)).headers["x-route-trace"], undefined);
    }
    assert.deepEqual(ownHead.getMap(), {}, "the service's own object was written to");
  });

  it("lets metadata that the service set win, keeps foreign baggage, and leaves the service's object alone", async () => {
    const client = open();
    const metadata = new Metadata();
    metadata.set("x-service-route", "cart:mine");
    metadata.set("baggage", "a=1,source-route=stale");
    seen = [];
    await run(wide, () => unary(client, "hello", metadata));
    assert.deepEqual(seen[0]?.get("x-service-route"), ["cart:mine"]);
    assert.deepEqual(seen[0]?.get("baggage"), [
      "a=1,service-route=cart%3Amine,source-route=ops-101,route-mode=strict",
    ]);
    assert.deepEqual(metadata.get("x-source-route"), []);
    assert.deepEqual(metadata.get("baggage"), ["a=1,source-route=stale"]);
  });

  it("carries nothing to a target outside of the cocktail", async () => {
    const strange = `localhost:${target.split(":")[1]}`;
    const client = open(strange);
    seen = [];
    const metadata = new Metadata();
    metadata.set("baggage", "a=1,source-route=ops-101");
    const { key } = await run(wide, () => unary(client, "hello", metadata));
    assert.equal(key, "");
    assert.deepEqual(
      Object.keys(seen[0]?.getMap() ?? {}).filter((name) => name.includes("route")),
      [],
    );
    assert.deepEqual(seen[0]?.get("baggage"), ["a=1"]);
  });

  it("knows the host in every form of a target", () => {
    for (const form of [
      "a:1",
      "dns:a:1",
      "dns:///a:1",
      "dns://8.8.8.8/a:1",
      "ipv4:a:1",
      "passthrough:///a:1",
    ]) {
      assert.equal(targetUrl(form), "grpc://a:1", form);
    }
    assert.equal(targetUrl("unix:/tmp/a"), "");
    const { rules } = parseHosts(["Payment:443", "[::1]:50051", "10.0.0.1:80"]);
    for (const [form, ours] of [
      ["dns:///PAYMENT", true],
      ["ipv6:[0:0:0:0:0:0:0:1]:50051", true],
      ["ipv4:10.0.0.1:80", true],
      ["payment:80", false],
      ["10.0.0.1", false],
      ["ipv4:10.0.0.1:80,10.0.0.2:80", false],
    ] as const) {
      assert.equal(isInternal(rules, targetUrl(form)), ours, form);
    }
  });
});
