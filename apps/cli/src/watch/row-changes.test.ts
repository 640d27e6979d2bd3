import assert from "node:assert/strict";
import { test } from "node:test";
import { RowChanges } from "./row-changes.ts";

test("only changed and removed rows are reported", () => {
  const changes = new RowChanges();
  assert.deepEqual(
    changes.next([
      ["a", "1"],
      ["b", "1"],
    ]),
    [
      { change: "put", index: 0 },
      { change: "put", index: 1 },
    ],
  );
  assert.deepEqual(
    changes.next([
      ["a", "1"],
      ["b", "1"],
    ]),
    [],
  );
  assert.deepEqual(
    changes.next([
      ["b", "2"],
      ["c", "1"],
    ]),
    [
      { change: "put", index: 0 },
      { change: "put", index: 1 },
      { change: "removed", name: "a" },
    ],
  );
});
