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
  locks: [],
};
const lock = (named: Partial<typeof postgres> = {}, worksHere = true): Partial<LeftoverFacts> => ({
  locks: [
    { path: "postmaster.pid", named: { ...postgres, ...named }, worksHere },
    { path: ".lock", named: { ...postgres, ...named }, worksHere },
  ],
});
const both = ["postmaster.pid", ".lock"];
type Case = readonly [string, Partial<LeftoverFacts>, string, (readonly string[])?];
const cases: readonly Case[] = [
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
  ["lock files that name a zombie", lock({ zombie: true }), "nothing", both],
  ["lock files that name another program", lock({ command: "node" }), "nothing", both],
  ["lock files that name a server of elsewhere", lock({}, false), "nothing", both],
  ["lock files that name a server of here", lock(), "nothing"],
  [
    "a lock file that names nobody",
    { locks: [{ path: ".lock", named: undefined, worksHere: true }] },
    "nothing",
  ],
];

for (const [name, facts, kind, remove = []] of cases) {
  test(`${name}: ${kind}${remove.length > 0 ? ", removed" : ""}`, () => {
    assert.deepEqual(decideLeftover({ ...nothing, ...facts }), { kind, remove });
  });
}
