import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlPlaneError } from "../errors.ts";
import { type AnyEvent, ObjectFeed } from "./object-feed.ts";

const kind = "Environment";

// The feed looks at the kind alone.
const event = { change: "put", object: { kind } } as AnyEvent;

async function seenFrom(feed: ObjectFeed, from: number, count: number): Promise<number> {
  let seen = 0;
  for await (const _ of feed.watch(kind, String(from), AbortSignal.timeout(5_000)))
    if (++seen === count) break;
  return seen;
}

test("however many changes there were, the last thousand are kept, and a watch from before must list again", async () => {
  const feed = new ObjectFeed(0);
  const head = 12_345;
  for (let at = 1; at <= head; at++) feed.append(at, event);
  assert.equal(await seenFrom(feed, head - 1_000, 1_000), 1_000);
  for (const from of [0, head - 2_001])
    await assert.rejects(seenFrom(feed, from, 1), (error) =>
      ControlPlaneError.is(error, "WATCH_EXPIRED"),
    );
  feed.close();
});
