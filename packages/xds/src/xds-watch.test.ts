import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { until } from "@cocktail/test-support";
import { typeUrls } from "./messages.ts";
import { XdsWatch } from "./xds-watch.ts";

/** As istiod has it, from the published definitions; written apart from the code that is tested. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { string version_info = 1; repeated string resource_names = 3; string type_url = 4; string response_nonce = 5; }
  message Any { string type_url = 1; bytes value = 2; }
  message Response { string version_info = 1; repeated Any resources = 2; string type_url = 4; string nonce = 5; }
  message Route { string name = 1; string text = 2; }
`);
const [request, response, route] = ["Request", "Response", "Route"].map((name) =>
  root.lookupType(name),
) as [protobuf.Type, protobuf.Type, protobuf.Type];

interface Asked {
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
  readonly versionInfo: string;
  readonly responseNonce: string;
}
type Stream = grpc.ServerDuplexStream<Asked, Buffer>;

/** A server that answers nothing by itself. */
class Server {
  readonly asked: Asked[] = [];
  streams: Stream[] = [];
  readonly #server = new grpc.Server();
  #nonce = 0;

  async listen(): Promise<string> {
    const handler = (stream: Stream): void => {
      this.streams.push(stream);
      stream.on("data", (message: Asked) => this.asked.push(message));
      stream.on("error", () => undefined);
      stream.on("end", () => stream.end());
    };
    const stream = {
      path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
      requestStream: true,
      responseStream: true,
      requestDeserialize: (bytes: Buffer) =>
        request.toObject(request.decode(bytes), { defaults: true }) as Asked,
      responseSerialize: (bytes: Buffer) => bytes,
      requestSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    this.#server.addService({ stream }, { stream: handler });
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(
        "127.0.0.1:0",
        grpc.ServerCredentials.createInsecure(),
        (error, bound) => (error === null ? resolve(bound) : reject(error)),
      );
    });
    return `127.0.0.1:${port}`;
  }

  push(typeUrl: string, resources: Readonly<Record<string, string>>): string {
    const nonce = `n${++this.#nonce}`;
    const message = {
      versionInfo: "v1",
      typeUrl,
      nonce,
      resources: Object.entries(resources).map(([name, text]) => ({
        typeUrl,
        value: route.encode({ name, text }).finish(),
      })),
    };
    this.streams.at(-1)?.write(Buffer.from(response.encode(message).finish()));
    return nonce;
  }

  close(): void {
    this.#server.forceShutdown();
  }
}

describe("a watch of what istiod pushes", () => {
  const server = new Server();
  const stop = new AbortController();
  let watch: XdsWatch;
  let running: Promise<void>;
  const errors: unknown[] = [];
  const deadline = (): AbortSignal => AbortSignal.timeout(5_000);

  before(async () => {
    watch = new XdsWatch({
      address: await server.listen(),
      node: { namespace: "ops", name: "watch", ip: "10.0.0.1" },
      names: { routes: ["8080"] },
      backoff: { firstMs: 1, longestMs: 20 },
      onError: (error) => errors.push(error),
    });
    running = watch.run(stop.signal);
    await until("a stream", () => server.asked.length === 4);
  });
  after(async () => {
    stop.abort();
    await running;
    server.close();
  });

  test("it asks for each kind once, and acknowledges each response with its version and nonce", async () => {
    assert.deepEqual(
      server.asked.map(({ typeUrl, resourceNames }) => [typeUrl, resourceNames]),
      [
        [typeUrls.clusters, []],
        [typeUrls.endpoints, []],
        [typeUrls.listeners, []],
        [typeUrls.routes, ["8080"]],
      ],
    );
    const nonce = server.push(typeUrls.routes, { "8080": "-- table 7-abc" });
    await watch.until((seen) => seen.contains("routes", "-- table 7-abc"), deadline());
    await until("the acknowledgement", () => server.asked.length === 5);
    const { versionInfo, responseNonce, resourceNames } = server.asked[4] ?? {};
    assert.deepEqual([versionInfo, responseNonce, resourceNames], ["v1", nonce, ["8080"]]);
  });

  test("clusters are replaced as a whole, routes one by one", async () => {
    server.push(typeUrls.clusters, { a: "1", b: "1" });
    server.push(typeUrls.clusters, { b: "2" });
    await watch.until((seen) => seen.contains("clusters", "2"), deadline());
    assert.deepEqual(watch.snapshot.names("clusters"), ["b"]);
    server.push(typeUrls.routes, { "9090": "other" });
    await watch.until((seen) => seen.contains("routes", "other", "9090"), deadline());
    assert.ok(watch.snapshot.contains("routes", "-- table 7-abc", "8080"));
    assert.ok(!watch.snapshot.contains("routes", "other", "8080"));
  });

  test("other names can be asked for while it runs", async () => {
    watch.ask("endpoints", ["outbound|8080||a"]);
    await until("the question", () => {
      const last = server.asked.at(-1);
      return last?.typeUrl === typeUrls.endpoints && last.resourceNames[0] === "outbound|8080||a";
    });
  });

  test("asking for the same names again says nothing, and each response is told until that is ended", async () => {
    const before = server.asked.length;
    watch.ask("endpoints", ["outbound|8080||a"]);
    let told = 0;
    const stopTelling = watch.onPush(() => told++);
    server.push(typeUrls.routes, { "7070": "first" });
    await watch.until((seen) => seen.contains("routes", "first"), deadline());
    stopTelling();
    server.push(typeUrls.routes, { "7070": "second" });
    await watch.until((seen) => seen.contains("routes", "second"), deadline());
    await until("both acknowledgements", () => server.asked.length === before + 2);
    assert.equal(told, 1);
    assert.deepEqual(
      server.asked.slice(before).map(({ typeUrl }) => typeUrl),
      [typeUrls.routes, typeUrls.routes],
    );
  });

  test("after a broken stream it connects again, asks for the same names, and has forgotten what it saw", async () => {
    const before = server.asked.length;
    const planted = Object.assign(new Error("planted"), { code: grpc.status.UNAVAILABLE });
    server.streams.at(-1)?.emit("error", planted);
    await until("another stream", () => server.streams.length === 2);
    await until("its questions", () => server.asked.length === before + 4);
    assert.ok(errors.length > 0);
    assert.ok(!watch.snapshot.contains("routes", "-- table 7-abc"));
    assert.deepEqual(server.asked.at(-3)?.resourceNames, ["outbound|8080||a"]);
    server.push(typeUrls.routes, { "8080": "-- table 8-def" });
    await watch.until((seen) => seen.contains("routes", "8-def"), deadline());
  });

  test("waiting ends with its signal, and leaves nothing behind", async () => {
    const given = new AbortController();
    const waiting = watch.until(() => false, given.signal);
    given.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
  });

  test("a response that is none ends the stream, not the process", async () => {
    const resource = { typeUrl: typeUrls.routes, value: Buffer.from([0xff]) };
    const unreadable = response
      .encode({ typeUrl: typeUrls.routes, resources: [resource] })
      .finish();
    for (const bytes of [Buffer.from([0xff, 0xff, 0xff]), Buffer.from(unreadable)]) {
      const streams = server.streams.length;
      server.streams.at(-1)?.write(bytes);
      await until("another stream", () => server.streams.length === streams + 1);
    }
  });
});
