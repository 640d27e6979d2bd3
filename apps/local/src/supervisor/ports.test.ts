import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { isFree, PortPool } from "./ports.ts";

test("two cocktails never have the same port, even before anything listens on it", async () => {
  const any = new PortPool();
  const range = { lowest: await any.take(), count: 1 };
  any.release(range.lowest);
  const [one, other] = [new PortPool(range), new PortPool(range)];
  const port = await one.take();
  assert.equal(await isFree(port), true, "it is left to the service");
  await assert.rejects(other.take(), /no free port between/);
  one.release(port);
  assert.equal(await other.take(), port);
  other.release(port);
});

test("a port in use is neither allocated nor held", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  assert.ok(typeof address === "object" && address !== null);
  const range = { lowest: address.port, count: 1 };
  await assert.rejects(new PortPool(range).take(), /no free port/);
  await new Promise((resolve) => taken.close(resolve));
  const pool = new PortPool(range);
  assert.equal(await pool.take(), address.port);
  pool.release(address.port);
});
