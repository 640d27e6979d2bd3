import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emptyTable, formatTableId, type RouteTable } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import { eventOf, following, TableServer } from "../../test/table-server.ts";
import { createClient } from "../client.ts";
import { httpTableSource } from "./http-source.ts";
import { openTableReader, type TableReader, type TableReaderOptions } from "./reader.ts";

interface Opened extends AsyncDisposable {
  readonly server: TableServer;
  readonly reader: TableReader;
  /** Epochs in the order the listener heard of them. */
  readonly seen: number[];
  /** Reasons of what was logged. */
  readonly reasons: string[];
}

const quick = { backoff: { firstMs: 5, longestMs: 20 } };

async function open(
  options: Partial<TableReaderOptions> = {},
  maxEventLength?: number,
): Promise<Opened> {
  const server = new TableServer();
  await server.start();
  const seen: number[] = [];
  const reasons: string[] = [];
  const note = (fields: object): void => void reasons.push(String(Reflect.get(fields, "reason")));
  const client = createClient({ baseUrl: server.url, timeoutMs: 5_000 });
  const reader = await openTableReader({
    source: httpTableSource(client, maxEventLength === undefined ? {} : { maxEventLength }),
    onTable: (table) => seen.push(table.epoch),
    log: { debug: note, info: note, warn: note, error: note },
    ...quick,
    ...options,
  });
  return {
    server,
    reader,
    seen,
    reasons,
    async [Symbol.asyncDispose]() {
      await reader.close();
      await server.stop();
    },
  };
}

describe("a TableReader", () => {
  test("opens with the head, follows every change, and says so once for each", async () => {
    await using opened = await open();
    const { server, reader, seen } = opened;
    assert.deepEqual(reader.table(), server.head);
    assert.equal(reader.connected, true);
    const later: (readonly [number, number | undefined])[] = [];
    const leave = reader.subscribe((table, previous) => later.push([table.epoch, previous?.epoch]));
    const first = server.publish(following(server.head, "r1"));
    assert.deepEqual(await reader.waitFor(1), first);
    leave();
    const second = server.publish(following(first, "r2"));
    assert.deepEqual(await reader.waitFor(2), second);
    assert.deepEqual(seen, [0, 1, 2]);
    assert.deepEqual(later, [[1, 0]]);
  });

  test("keeps its table while the control plane is away, gets older, and resumes where it was", async () => {
    await using opened = await open();
    const { server, reader, seen, reasons } = opened;
    const held = server.publish(following(server.head, "r1"));
    await reader.waitFor(1);
    await server.stop();
    await until("the loss", () => !reader.connected);
    assert.deepEqual(reader.table(), held);
    const age = reader.ageMs();
    await until("the table to get older", () => reader.ageMs() > age + 20);
    server.publishSilently(following(held, "r2"));
    await server.start();
    assert.equal((await reader.waitFor(2, { timeoutMs: 20_000 })).epoch, 2);
    assert.ok(reader.ageMs() < 1_000, "the age went on although there was a sign of life");
    assert.equal(server.resumedFrom.at(-1), formatTableId(held));
    assert.deepEqual(seen, [0, 1, 2]);
    assert.ok(reasons.includes("TableStreamLost"));
  });

  test("is told nothing when it comes back to the table it holds", async () => {
    await using opened = await open();
    const { server, reader, seen } = opened;
    server.cut();
    await until("the second stream", () => server.resumedFrom.length === 2 && reader.connected);
    assert.deepEqual(server.resumedFrom, [undefined, formatTableId(server.head)]);
    server.publish(following(server.head, "r1"));
    await reader.waitFor(1);
    assert.deepEqual(seen, [0, 1]);
  });

  test("doesn't mind lost, doubled and late events", async () => {
    await using opened = await open();
    const { server, reader, seen } = opened;
    const first = following(server.head, "r1");
    const second = server.publishSilently(following(first, "r2"));
    const third = following(second, "r3");
    server.publish(third);
    await reader.waitFor(3);
    server.say(eventOf(third));
    server.say(eventOf(first));
    server.say(eventOf(second));
    server.publish(following(third, "r4"));
    await reader.waitFor(4);
    assert.deepEqual(seen, [0, 3, 4]);
    assert.ok(server.headRequests > 0, "an older table was classified without asking for the head");
  });

  test("takes the head in full where a tag is not the one it knows, whatever its epoch", async () => {
    await using opened = await open();
    const { server, reader, seen, reasons } = opened;
    let table = server.head;
    for (const revision of ["r1", "r2", "r3"]) table = server.publish(following(table, revision));
    await reader.waitFor(3);

    // A purge: the history begins anew, below.
    const anew = following(emptyTable("0000000f"), "other");
    server.publish(anew);
    await until("the new history", () => reader.table().epoch === 1);
    assert.deepEqual(reader.table(), anew);
    assert.ok(reasons.includes("TableHistoryChanged"));

    // A restored backup: the same epoch, another tag.
    const restored = following(emptyTable("000000ff"), "restored");
    server.publish(restored);
    await until("the restored table", () => reader.table().tag === restored.tag);
    assert.deepEqual(seen, [0, 1, 2, 3, 1, 1]);
  });

  test("follows a new history that began while it was away", async () => {
    await using opened = await open();
    const { server, reader } = opened;
    server.publish(following(following(server.head, "r1"), "r2"));
    await reader.waitFor(2);
    await server.stop();
    const anew = server.publishSilently(emptyTable("0000000f"));
    await server.start();
    await until("the new history", () => reader.table().tag === anew.tag);
    assert.equal(reader.table().epoch, 0);
  });

  test("drops a late event of its own history although the stream says nothing else", async () => {
    await using opened = await open();
    const { server, reader, seen } = opened;
    const first = following(server.head, "r1");
    server.publish(following(first, "r2"));
    await reader.waitFor(2);
    server.say(eventOf(first));
    await until("the question for the head", () => server.headRequests === 1);
    server.publish(following(server.head, "r3"));
    await reader.waitFor(3);
    assert.deepEqual(seen, [0, 2, 3]);
  });

  test("never takes garbage: it keeps its table, and connects again", async () => {
    const table = following(emptyTable("00000001"), "r1");
    const garbage = [
      "event: table\ndata: {\n\n",
      "event: table\ndata: null\n\n",
      `event: table\ndata: ${JSON.stringify({ ...table, epoch: -1 })}\n\n`,
      `event: table\ndata: ${JSON.stringify({ ...table, resolver: 2 })}\n\n`,
      `event: table\ndata: ${JSON.stringify({ ...table, environments: { x: { parent: "y", members: {} } } })}\n\n`,
    ];
    for (const text of garbage) {
      await using opened = await open();
      const { server, reader, seen } = opened;
      server.say(text);
      await until("another stream", () => server.resumedFrom.length === 2);
      assert.equal(reader.table().epoch, 0);
      server.publish(following(server.head, "r1"));
      await reader.waitFor(1, { timeoutMs: 20_000 });
      assert.deepEqual(seen, [0, 1]);
    }
  });

  test("ignores events and fields it does not know, and events without a name", async () => {
    await using opened = await open();
    const { server, reader, seen } = opened;
    server.say(`event: other\ndata: ${JSON.stringify(following(server.head, "x"))}\n\n`);
    server.say(`data: ${JSON.stringify(following(server.head, "x"))}\n\n`);
    server.say("what: ever\nretry: 1\n: a comment\n\n");
    const published = server.publish(following(server.head, "r1"));
    assert.deepEqual(await reader.waitFor(1), published);
    assert.deepEqual(seen, [0, 1]);
    assert.equal(server.resumedFrom.length, 1);
  });

  test("reads an event that comes in pieces, also through the middle of a character", async () => {
    await using opened = await open();
    const { server, reader } = opened;
    const next = following(server.head, "ü\u2028r");
    const bytes = Buffer.from(eventOf(server.publishSilently(next)));
    for (const byte of bytes) {
      server.say(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await reader.waitFor(1, { timeoutMs: 20_000 });
    assert.deepEqual(reader.table(), next);
    assert.equal(server.resumedFrom.length, 1);
  });

  test("gives up a stream whose event never ends", async () => {
    await using opened = await open({}, 10_000);
    const { server, reader } = opened;
    for (let turn = 0; turn < 20; turn++) server.say(`data: ${"x".repeat(1_000)}\n`);
    await until("another stream", () => server.resumedFrom.length >= 2);
    assert.equal(reader.table().epoch, 0);
  });

  test("gives up a connection without a sign of life, and finds the changes it missed", async () => {
    await using opened = await open({ idleTimeoutMs: 60 });
    const { server, reader } = opened;
    // Nothing is said any more, and nothing is closed: as behind a cut cable.
    server.publishSilently(following(server.head, "r1"));
    await reader.waitFor(1, { timeoutMs: 20_000 });
    assert.ok(server.resumedFrom.length >= 2);
  });

  test("goes on when a listener throws", async () => {
    await using opened = await open();
    const { server, reader, seen, reasons } = opened;
    reader.subscribe(() => {
      throw new Error("a listener's fault");
    });
    server.publish(following(server.head, "r1"));
    server.publish(following(server.head, "r2"));
    await reader.waitFor(2);
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(reasons.filter((reason) => reason === "TableListenerFailed").length, 2);
  });

  test("follows through ten restarts of the control plane without going back", async () => {
    await using opened = await open();
    const { server, reader, seen } = opened;
    for (let turn = 1; turn <= 10; turn++) {
      if (turn % 2 === 0) server.cut();
      else {
        await server.stop();
        await server.start();
      }
      server.publish(following(server.head, `r${turn}`));
      await reader.waitFor(turn, { timeoutMs: 20_000 });
    }
    assert.deepEqual(
      seen,
      seen.toSorted((one, other) => one - other),
    );
    assert.equal(new Set(seen).size, seen.length);
  });
});

describe("waiting for an epoch", () => {
  test("ends at once where the table is new enough, else with the table, the time or the signal", async () => {
    await using opened = await open();
    const { server, reader } = opened;
    assert.equal((await reader.waitFor(0)).epoch, 0);
    await assert.rejects(reader.waitFor(1, { timeoutMs: 10 }), {
      name: "TableBehind",
      message: "the reader is at epoch 0 after 10 ms, not at 1: the control plane may be away",
    });
    const stop = new AbortController();
    const waiting = reader.waitFor(1, { signal: stop.signal });
    stop.abort(new Error("no more"));
    await assert.rejects(waiting, { message: "no more" });
    await assert.rejects(reader.waitFor(1, { signal: stop.signal }), { message: "no more" });
    const [one, other] = [reader.waitFor(2), reader.waitFor(1)];
    const first = server.publish(following(server.head, "r1"));
    assert.equal((await other).epoch, 1);
    server.publish(following(first, "r2"));
    assert.equal((await one).epoch, 2);
  });

  test("ends when the reader is closed", async () => {
    const { server, reader } = await open();
    const waiting = assert.rejects(reader.waitFor(7), { name: "ReaderClosed" });
    await reader.close();
    await waiting;
    await assert.rejects(reader.waitFor(8), { name: "ReaderClosed" });
    assert.equal((await reader.waitFor(0)).epoch, 0, "what is held can still be had");
    await until("the end of the stream", () => server.streams === 0);
    await server.stop();
  });
});

describe("opening a reader", () => {
  test("waits for a control plane that is not there yet", async () => {
    await using server = new TableServer();
    await server.start();
    await server.stop();
    const source = httpTableSource(createClient({ baseUrl: server.url }));
    const opening = openTableReader({ source, ...quick });
    await server.start();
    const reader = await opening;
    assert.deepEqual(reader.table(), server.head);
    await reader.close();
  });

  test("is ended by its signal, and then nothing runs any more", async () => {
    await using server = new TableServer();
    await server.start();
    await server.stop();
    const source = httpTableSource(createClient({ baseUrl: server.url }));
    const signal = AbortSignal.timeout(50);
    await assert.rejects(openTableReader({ source, signal, ...quick }), { name: "TimeoutError" });
    await assert.rejects(openTableReader({ source, signal, ...quick }), { name: "TimeoutError" });
  });

  test("closes with its signal", async () => {
    const stop = new AbortController();
    const { server, reader } = await open({ signal: stop.signal });
    stop.abort();
    await assert.rejects(reader.waitFor(1), { name: "ReaderClosed" });
    await until("the end of the stream", () => server.streams === 0);
    await server.stop();
  });
});

test("a table is classified by its epoch and its tag", async () => {
  const { classifyOffer } = await import("./classify-offer.ts");
  const held: Pick<RouteTable, "epoch" | "tag"> = { epoch: 5, tag: "aaaaaaaa" };
  assert.equal(classifyOffer(undefined, held), "take");
  assert.equal(classifyOffer(held, { epoch: 6, tag: "bbbbbbbb" }), "take");
  assert.equal(classifyOffer(held, held), "known");
  assert.equal(classifyOffer(held, { epoch: 5, tag: "bbbbbbbb" }), "verify");
  assert.equal(classifyOffer(held, { epoch: 4, tag: "aaaaaaaa" }), "verify");
});
