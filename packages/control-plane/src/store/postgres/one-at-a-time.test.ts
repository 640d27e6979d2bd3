import assert from "node:assert/strict";
import { test } from "node:test";
import { oneAtATime } from "./one-at-a-time.ts";

test("requests during a call share the next one, which starts after all of them", async () => {
  const calls: PromiseWithResolvers<void>[] = [];
  const request = oneAtATime(
    () => {
      const call = Promise.withResolvers<void>();
      calls.push(call);
      return call.promise;
    },
    (error) => assert.fail(String(error)),
  );
  const turn = (): Promise<void> => new Promise(setImmediate);
  for (let at = 0; at < 100; at++) request();
  assert.equal(calls.length, 1);
  calls[0]?.resolve();
  await turn();
  assert.equal(calls.length, 2);
  calls[1]?.resolve();
  await turn();
  assert.equal(calls.length, 2, "nobody asked for a third");
  request();
  assert.equal(calls.length, 3);
  calls[2]?.resolve();
});

test("a failure is reported, and the next request starts a new call", async () => {
  const told: unknown[] = [];
  let calls = 0;
  const request = oneAtATime(
    () => Promise.reject(new Error(`call ${++calls}`)),
    (error) => told.push(error),
  );
  request();
  request();
  await new Promise(setImmediate);
  request();
  await new Promise(setImmediate);
  assert.deepEqual(told.map(String), ["Error: call 1", "Error: call 2"]);
});
