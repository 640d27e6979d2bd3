import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import type { LogLine } from "@cocktail/client";
import { until } from "@cocktail/test-support";
import { type OpenApi, openApi, token } from "../../../test/open-api.ts";
import type { LogQuery } from "../../engine/platform.ts";
import { sampleContent } from "../../store/testing/samples.ts";

const line: LogLine = {
  time: "2026-11-23T10:00:00.000Z",
  variant: "payment-service:mp-101",
  incarnation: 1,
  stream: "stdout",
  text: "hello",
};

async function openStreams(api: OpenApi): Promise<number> {
  const metric = await api.metrics.getSingleMetric("cocktail_api_streams")?.get();
  return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** The text of a stream, as it comes. */
function reading(response: Response): {
  readonly text: () => string;
  readonly ended: Promise<void>;
} {
  const decoder = new TextDecoder();
  let text = "";
  const ended = (async (): Promise<void> => {
    const body: AsyncIterable<Uint8Array> | null = response.body;
    if (body === null) return;
    for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  })();
  ended.catch(() => undefined);
  return { text: () => text, ended };
}

async function publish(api: OpenApi, revision: string): Promise<void> {
  const { epoch } = await api.store.tables.head();
  await api.store.tables.append(epoch, sampleContent({ a: { stable: revision } }));
}

describe("the stream of the route table", () => {
  test("starts with the whole head, then sends every newer one", async () => {
    await using api = await openApi();
    const response = await api.request("/v1/route-table/stream");
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const { text } = reading(response);
    const head = await api.store.tables.head();
    const event = (table: object, id: string): string =>
      `id: ${id}\nevent: table\ndata: ${JSON.stringify(table)}\n\n`;
    await until("the head", () => text().includes(event(head, `0-${head.tag}`)));
    await publish(api, "r1");
    const next = await api.store.tables.head();
    await until("the next table", () => text().endsWith(event(next, `1-${next.tag}`)));
  });

  test("is resumed by Last-Event-ID: an up-to-date reader gets only changes", async () => {
    await using api = await openApi();
    await publish(api, "r1");
    const { tag } = await api.store.tables.head();
    const resumed = { headers: { "last-event-id": `1-${tag}` } };
    const { text } = reading(await api.request("/v1/route-table/stream", resumed));
    await publish(api, "r2");
    await until("the change", () => text().includes("id: 2-"));
    assert.doesNotMatch(text(), /id: 1-/);

    for (const stale of [`0-${tag}`, "2-00000000", "nonsense", ""]) {
      const headers = { "last-event-id": stale };
      const other = reading(await api.request("/v1/route-table/stream", { headers }));
      await until(`the head for ${stale}`, () => other.text().includes("id: 2-"));
    }
  });

  test("has heartbeats while nothing changes", async () => {
    await using api = await openApi({ limits: { heartbeatMs: 20 } });
    const { text } = reading(await api.request("/v1/route-table/stream"));
    await until("three heartbeats", () => text().split(": alive\n\n").length > 3);
  });

  test("has a limit, and frees its slot when the reader disconnects", async () => {
    await using api = await openApi({ limits: { maxStreams: 2 } });
    const leave = new AbortController();
    const { signal } = leave;
    const headers = { authorization: `Bearer ${token}` };
    await api.request("/v1/route-table/stream", { signal });
    const stranger = await api.request("/v1/route-table/stream");
    assert.equal(stranger.status, 503, "without the token there is only one of the two places");
    assert.match(await stranger.text(), /limit of 1 open streams of callers without the token/);
    await api.request("/v1/route-table/stream", { signal, headers });
    for (const path of ["/v1/route-table/stream", "/v1/logs"]) {
      const third = await api.request(path, { headers });
      assert.equal(third.status, 503);
      assert.match(await third.text(), /"code":"NOT_READY"/);
    }
    leave.abort();
    await until("the streams' end", async () => (await openStreams(api)) === 0);
    const again = await api.request("/v1/route-table/stream");
    assert.equal(again.status, 200);
  });

  test("disconnects a reader that reads nothing, and coalesces tables for a slow one", async () => {
    await using api = await openApi({ limits: { slowReaderMs: 300 } });
    const socket: Socket = connect(api.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET /v1/route-table/stream HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await until("the stream", async () => (await openStreams(api)) === 1);
    socket.pause();
    // Large tables fill the buffers of both sides; then the writer waits for room in vain.
    const long = "r".repeat(2_000);
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k-${at}`, long]));
    for (let turn = 0; turn < 12; turn++) {
      const { epoch } = await api.store.tables.head();
      await api.store.tables.append(epoch, sampleContent({ [`a-${turn}`]: many }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until("the cut", async () => (await openStreams(api)) === 0);
    socket.destroy();
  });

  test("ends with the API, leaving no open connection", async () => {
    const api = await openApi();
    const { ended, text } = reading(await api.request("/v1/route-table/stream"));
    await until("the head", () => text().includes("id: 0-"));
    await api.close();
    await ended;
    assert.equal(await openStreams(api), 0);
    await assert.rejects(api.request("/healthz"));
  });

  test("answers no HEAD", async () => {
    await using api = await openApi();
    const response = await api.request("/v1/route-table/stream", { method: "HEAD" });
    assert.ok(response.status >= 400, `it was answered with ${response.status}`);
    assert.equal(await openStreams(api), 0);
    assert.equal((await api.request("/v1/status", { method: "HEAD" })).status, 200);
  });
});

describe("the logs", () => {
  test("are lines of JSON, of what was asked for", async () => {
    const asked: LogQuery[] = [];
    async function* logs(query: LogQuery): AsyncGenerator<LogLine> {
      asked.push(query);
      yield line;
      yield { ...line, text: "two\nlines \u2028 ü" };
    }
    await using api = await openApi({ logs });
    const seen: LogLine[] = [];
    const what = { service: "payment-service", key: "mp-101", tail: 7 };
    for await (const each of api.client.logs(what)) seen.push(each);
    for await (const each of api.client.logs({ service: "payment-service", tail: 0 }))
      seen.push(each);
    for await (const each of api.client.logs({})) seen.push(each);
    assert.deepEqual(seen.slice(0, 2), [line, { ...line, text: "two\nlines \u2028 ü" }]);
    assert.equal(seen.length, 6);
    assert.deepEqual(
      asked.map(({ signal: _, ...rest }) => rest),
      [
        { service: "payment-service", key: "mp-101", follow: false, tail: 7 },
        { service: "payment-service", follow: false, tail: 0 },
        { service: undefined, follow: false, tail: 100 },
      ],
    );
  });

  test("of an unknown variant are NOT_FOUND", async () => {
    await using api = await openApi();
    const paths = ["/v1/logs?service=nobody", "/v1/variants/payment-service/mp-9/logs"];
    const headers = { authorization: `Bearer ${token}` };
    for (const path of paths)
      assert.equal((await api.request(path, { headers })).status, 404, path);
    assert.equal((await api.request("/v1/logs?tail=-1", { headers })).status, 400);
  });

  test("that are followed send heartbeats, and end when the reader disconnects", async () => {
    let ended = false;
    async function* logs({ signal }: LogQuery): AsyncGenerator<LogLine> {
      yield line;
      if (signal !== undefined && !signal.aborted) await once(signal, "abort");
      ended = true;
    }
    await using api = await openApi({ logs, limits: { heartbeatMs: 20 } });
    const leave = new AbortController();
    const lines = api.client.logs({ follow: true }, { signal: leave.signal });
    const iterator = lines[Symbol.asyncIterator]();
    assert.deepEqual((await iterator.next()).value, line);
    const next = iterator.next();
    assert.equal(ended, false);
    leave.abort(new Error("enough"));
    await assert.rejects(next, { message: "enough" });
    await until("the platform to be told", () => ended);
  });

  test("that fail are aborted, so that the truncation is visible", async () => {
    async function* logs(): AsyncGenerator<LogLine> {
      yield line;
      await Promise.resolve();
      throw new Error("the disk is gone");
    }
    await using api = await openApi({ logs });
    await assert.rejects(
      async () => {
        for await (const _ of api.client.logs({}));
      },
      { name: "ApiUnreachable", message: /cut off/ },
    );
  });
});
