import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emptyTable, type RouteTable } from "@cocktail/route";
import { TableHub } from "./table-hub.ts";

const at = (epoch: number, tag = "aaaaaaaa"): RouteTable => ({ ...emptyTable(tag), epoch });

describe("the newest table of a process", () => {
  test("is never replaced by an older one that was appended before", () => {
    const hub = new TableHub();
    hub.advance(at(2));
    hub.advance(at(1));
    assert.equal(hub.current?.epoch, 2);
  });

  test("is never replaced by a stale answer of the store", () => {
    const hub = new TableHub();
    hub.advance(at(1));
    const seen = hub.current;
    hub.advance(at(2));
    assert.equal(hub.replace(seen, at(1)), "stale");
    assert.equal(hub.current?.epoch, 2);
  });

  test("is otherwise replaced by the store's head, also by a new history", () => {
    const hub = new TableHub();
    assert.equal(hub.replace(undefined, at(5)), "replaced");
    assert.equal(hub.replace(hub.current, at(1, "bbbbbbbb")), "replaced");
    assert.deepEqual(hub.current, at(1, "bbbbbbbb"));
  });

  test("shows a raised history floor to later readers, without waking watchers", async () => {
    const hub = new TableHub();
    hub.advance(at(1));
    const stop = new AbortController();
    const waiting = hub.watch(at(1), stop.signal).next();
    assert.equal(hub.replace(hub.current, { ...at(1), historyFloor: 1 }), "replaced");
    const later = await hub.watch(undefined, stop.signal).next();
    assert.equal(later.value?.historyFloor, 1);
    stop.abort();
    assert.equal((await waiting).done, true);
  });

  test("reaches every watcher; a slow one gets only the newest", async () => {
    const hub = new TableHub();
    hub.advance(at(1));
    const watch = hub.watch(undefined, new AbortController().signal);
    assert.equal((await watch.next()).value?.epoch, 1);
    for (const epoch of [2, 3, 4]) hub.advance(at(epoch));
    assert.equal((await watch.next()).value?.epoch, 4);
    const next = watch.next();
    hub.close();
    assert.equal((await next).done, true);
  });

  test("leaves no listener on the signal of a long watch", async () => {
    const hub = new TableHub();
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const watch = hub.watch(undefined, signal);
    for (let epoch = 1; epoch <= 20; epoch++) {
      const next = watch.next();
      hub.advance(at(epoch));
      assert.equal((await next).value?.epoch, epoch);
    }
    const last = watch.next();
    assert.equal(listeners, 1);
    stop.abort();
    assert.equal((await last).done, true);
    assert.equal(listeners, 0);
  });
});
