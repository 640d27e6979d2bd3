import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyTable } from "@cocktail/route";
import { eventOf } from "../../test/table-server.ts";
import { httpTableSource } from "./http-source.ts";
import type { TableEvent } from "./source.ts";

const limit = 10_000;

interface Stream {
  readonly events: AsyncIterable<TableEvent>;
  /** Bytes that were asked for. */
  readonly sent: () => number;
}

/** What a control plane sends, chunk by chunk and no sooner than it is asked for. */
function streamOf(chunks: Iterable<string>): Stream {
  let sent = 0;
  const encoded = Iterator.from(chunks).map((text) => {
    const bytes = new TextEncoder().encode(text);
    sent += bytes.length;
    return bytes;
  });
  const client = {
    routeTable: () => Promise.reject(new Error("not asked for")),
    tableEvents: () => Promise.resolve(ReadableStream.from(encoded)),
  };
  const source = httpTableSource(client, { maxEventLength: limit });
  return { events: source.stream(undefined, new AbortController().signal), sent: () => sent };
}

async function all(events: AsyncIterable<TableEvent>): Promise<readonly TableEvent[]> {
  const seen: TableEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

function* repeated(text: string, times: number): Generator<string, void, undefined> {
  for (let at = 0; at < times; at++) yield text;
}

test("an event is bounded in its length, however it is cut into lines", async () => {
  for (const text of [
    "x",
    "data: xxxxxxxx\n",
    "data:\n",
    "data:\r",
    "data:\n:\n",
    "id: 1\n",
    "\uFEFF",
  ]) {
    const chunk = text.repeat(Math.ceil(500 / text.length));
    const { events, sent } = streamOf(repeated(chunk, 1_000));
    await assert.rejects(
      all(events),
      { name: "RangeError", message: "an event is longer than 10000 characters" },
      JSON.stringify(text),
    );
    assert.ok(sent() < limit * 4, `${JSON.stringify(text)}: ${sent()} bytes were read`);
  }
});

test("any number of heartbeats and of events come before an event", async () => {
  const table = emptyTable("00000001");
  const { events } = streamOf([
    ...repeated(": alive\n\n", 5_000),
    ...repeated(eventOf(table), 200),
    ...repeated(":\r\n\r\n", 5_000),
    eventOf(table),
  ]);
  const tables = (await all(events)).filter(({ kind }) => kind === "table");
  assert.deepEqual(
    tables,
    [...repeated("", 201)].map(() => ({ kind: "table", table })),
  );
});
