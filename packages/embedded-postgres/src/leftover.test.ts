import assert from "node:assert/strict";
import { test } from "node:test";
import { decideLeftover, type LeftoverFacts } from "./leftover.ts";

const identity = { pid: 10, startTime: "boot/1" };
const record = { owner: identity, postmaster: identity };
const postgres = { parent: 1, group: 10, zombie: false, command: "postgres", startTime: "boot/1" };
const nothing: LeftoverFacts = {
  record: undefined,
  ownerAlive: false,
  postmasterAlive: false,
  named: undefined,
  namedWorksHere: true,
};
const cases: readonly (readonly [string, Partial<LeftoverFacts>, string])[] = [
  ["an empty directory", {}, "nothing"],
  [
    "a living server of a living owner",
    { record, ownerAlive: true, postmasterAlive: true },
    "inUse",
  ],
  ["a living server of a dead owner", { record, postmasterAlive: true }, "stop"],
  [
    "a start of a living owner that has no server yet",
    { record: { owner: identity }, ownerAlive: true },
    "inUse",
  ],
  ["a start that was cut off before it had a server", { record: { owner: identity } }, "nothing"],
  ["a dead server of a living owner", { record, ownerAlive: true }, "nothing"],
  ["a pid file that names a zombie", { named: { ...postgres, zombie: true } }, "removeFile"],
  [
    "a pid file that names another program",
    { named: { ...postgres, command: "node" } },
    "removeFile",
  ],
  [
    "a pid file that names a server of elsewhere",
    { named: postgres, namedWorksHere: false },
    "removeFile",
  ],
  ["a pid file that names a server of here", { named: postgres }, "nothing"],
];

for (const [name, facts, decision] of cases) {
  test(`${name}: ${decision}`, () => {
    assert.equal(decideLeftover({ ...nothing, ...facts }), decision);
  });
}
