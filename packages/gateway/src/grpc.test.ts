import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { until } from "@cocktail/test-support";
import { gate, openWorld, rawExchange, serve, tableOf } from "../test/world.ts";

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

interface Variant {
  readonly url: string;
  readonly server: Server;
  readonly cancelled: Promise<void>;
}

async function variant(t: TestContext, name: string, port = 0): Promise<Variant> {
  const cancelled = gate();
  const say: handleUnaryCall<string, string> = (call, callback) => {
    if (call.request === "fail") {
      callback({ code: status.FAILED_PRECONDITION, details: "as asked" });
      return;
    }
    const trailer = new Metadata();
    trailer.set("x-trailer", "yes");
    const head = new Metadata();
    head.set("x-seen", String(call.metadata.get("x-service-route")[0] ?? ""));
    call.sendMetadata(head);
    callback(null, `${name}: ${call.request}`, trailer);
  };
  const stream: handleServerStreamingCall<string, string> = (call) => {
    call.on("cancelled", () => cancelled.open());
    if (call.request === "forever") {
      call.write("first");
      return;
    }
    for (let at = 0; at < 100; at++) call.write(`${name} ${at}`);
    call.end();
  };
  const chat: handleBidiStreamingCall<string, string> = (call) => {
    call.on("data", (text: string) => call.write(`${name}: ${text}`));
    call.on("end", () => call.end());
  };
  const server = new Server();
  server.addService(service, { say, stream, chat });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  t.after(() => server.forceShutdown());
  return { url: `http://127.0.0.1:${bound}`, server, cancelled: cancelled.promise };
}

function connect(t: TestContext, port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.default_authority": "storefront.localhost",
  });
  t.after(() => client.close());
  return client;
}

interface Said {
  readonly text: string;
  readonly error: ServiceError | undefined;
  readonly head: Metadata | undefined;
  readonly trailer: Metadata | undefined;
}

function say(client: Client, text: string, headers: Record<string, string> = {}): Promise<Said> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve) => {
    let head: Metadata | undefined;
    let trailer: Metadata | undefined;
    let answer: { text: string; error: ServiceError | undefined } | undefined;
    const call = client.makeUnaryRequest(
      service.say.path,
      serialize,
      deserialize,
      text,
      metadata,
      (error, value) => {
        answer = { text: value ?? "", error: error ?? undefined };
      },
    );
    call.on("metadata", (got) => (head = got));
    call.on("status", (got) => {
      trailer = got.metadata;
      setImmediate(() => resolve({ text: "", error: undefined, ...answer, head, trailer }));
    });
  });
}

describe("gRPC through the gateway", () => {
  it("passes unary calls with metadata and trailers, and routes them", async (t) => {
    const [stable, branch] = [await variant(t, "stable"), await variant(t, "branch")];
    const variants = { "storefront:stable": stable.url, "storefront:mp-1": branch.url };
    const { edge } = await openWorld(t, tableOf({ variants }));
    const client = connect(t, edge.port);
    const plain = await say(client, "hello");
    assert.equal(plain.text, "stable: hello");
    assert.deepEqual(plain.trailer?.get("x-trailer"), ["yes"]);
    assert.deepEqual(plain.head?.get("x-route-served"), ["storefront:stable"]);
    const routed = await say(client, "hello", {
      "x-service-route": "STOREFRONT:mp-1",
      "x-route-trace": "on",
    });
    assert.equal(routed.text, "branch: hello");
    assert.deepEqual(routed.head?.get("x-seen"), ["storefront:mp-1"]);
    assert.match(String(routed.head?.get("x-route-trace")[0]), /variant="mp-1";via=pin/);
  });

  it("passes trailers-only errors with their code and text", async (t) => {
    const { url } = await variant(t, "stable");
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const { error } = await say(connect(t, edge.port), "fail");
    assert.deepEqual([error?.code, error?.details], [status.FAILED_PRECONDITION, "as asked"]);
  });

  it("passes streams of both directions", async (t) => {
    const { url } = await variant(t, "stable");
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }));
    const client = connect(t, edge.port);
    const stream = client.makeServerStreamRequest(
      service.stream.path,
      serialize,
      deserialize,
      "go",
    );
    const got: string[] = [];
    for await (const text of stream) got.push(String(text));
    assert.deepEqual([got.length, got[99]], [100, "stable 99"]);
    const chat = client.makeBidiStreamRequest(service.chat.path, serialize, deserialize);
    const answers: string[] = [];
    const done = new Promise<void>((resolve) => chat.on("end", resolve));
    chat.on("data", (text: string) => {
      answers.push(text);
      if (answers.length === 3) chat.end();
      else chat.write(`turn ${answers.length}`);
    });
    chat.write("turn 0");
    await done;
    assert.deepEqual(answers, ["stable: turn 0", "stable: turn 1", "stable: turn 2"]);
  });

  it("allows an idle stream, before its first response as well", async (t) => {
    const { url } = await variant(t, "stable");
    const slow = await serve(t, (req) => req.resume());
    const variants = { "storefront:stable": url, "storefront:slow": slow.url };
    const { edge } = await openWorld(t, tableOf({ variants }), { limits: { bodyIdleMs: 40 } });
    const chat = connect(t, edge.port).makeBidiStreamRequest(
      service.chat.path,
      serialize,
      deserialize,
    );
    const opened = gate<string>();
    chat.on("data", (text: string) => opened.open(text));
    chat.on("error", () => undefined);
    // Somebody else's time is up; so was the stream's, if it had been measured.
    const stopping = `POST / HTTP/1.1\r\nHost: storefront.localhost\r\nx-service-route: storefront:slow\r\nContent-Length: 9\r\n\r\nabc`;
    assert.match(await rawExchange(t, edge.port, stopping), /^HTTP\/1\.1 408 /);
    assert.match(await rawExchange(t, edge.port, stopping), /^HTTP\/1\.1 408 /);
    chat.write("at last");
    assert.equal(await opened.promise, "stable: at last");
    chat.end();
  });

  it("tells the variant when the client cancels", async (t) => {
    const { url, cancelled } = await variant(t, "stable");
    const { edge, gateway } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": url } }),
    );
    const stream = connect(t, edge.port).makeServerStreamRequest(
      service.stream.path,
      serialize,
      deserialize,
      "forever",
    );
    stream.on("error", () => undefined);
    stream.once("data", () => stream.cancel());
    await cancelled;
    await until(
      "the call to be forgotten",
      () => gateway.inFlight({ service: "storefront", key: "stable", incarnation: 1 }) === 0,
    );
  });

  it("reports a refusal as a gRPC status", async (t) => {
    const { edge } = await openWorld(
      t,
      tableOf({ variants: { "storefront:stable": "http://127.0.0.1:9" } }),
    );
    const client = connect(t, edge.port);
    const down = await say(client, "hello");
    assert.equal(down.error?.code, status.UNAVAILABLE);
    assert.match(down.error.details, /VariantUnavailable: storefront:stable refuses connections/);
    const strict = await say(client, "hello", {
      "x-route-mode": "strict",
      "x-service-route": "storefront:gone",
    });
    assert.equal(strict.error?.code, status.FAILED_PRECONDITION);
    assert.match(strict.error.details, /storefront:gone/);
  });

  it("connects again after the variant was restarted", async (t) => {
    const first = await variant(t, "first");
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": first.url } }));
    const client = connect(t, edge.port);
    assert.equal((await say(client, "hello")).text, "first: hello");
    first.server.forceShutdown();
    let down: number | undefined;
    await until(
      "the variant to be seen as down",
      () => {
        if (down === undefined) void say(client, "hello").then(({ error }) => (down = error?.code));
        return down === status.UNAVAILABLE;
      },
      { seen: () => down },
    );
    await variant(t, "second", Number(new URL(first.url).port));
    assert.equal((await say(client, "hello")).text, "second: hello");
  });

  it("lets calls in flight finish after GOAWAY of the variant", async (t) => {
    const first = await variant(t, "first");
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": first.url } }));
    const client = connect(t, edge.port);
    const chat = client.makeBidiStreamRequest(service.chat.path, serialize, deserialize);
    const answers: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      chat.on("end", resolve);
      chat.on("error", reject);
    });
    chat.on("data", (text: string) => answers.push(text));
    chat.write("before");
    await until("the first answer", () => answers.length === 1);
    // Sends GOAWAY at once, and ends when the calls have.
    first.server.tryShutdown(() => undefined);
    chat.write("after");
    await until("the second answer", () => answers.length === 2, { seen: () => answers });
    chat.end();
    await done;
  });
});
