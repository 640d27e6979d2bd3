import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionTo, connectionUrl, fitsSocket } from "./address.ts";
import { parseNobody } from "./account.ts";
import { isReady, parsePostmasterFile } from "./postmaster-file.ts";

test("a socket's path may have 107 bytes on Linux and 103 on macOS", () => {
  const directory = (bytes: number): string =>
    `/${"x".repeat(bytes - 1 - "/.s.PGSQL.5432".length)}`;
  assert.equal(fitsSocket(directory(107), "linux"), true);
  assert.equal(fitsSocket(directory(108), "linux"), false);
  assert.equal(fitsSocket(directory(103), "darwin"), true);
  assert.equal(fitsSocket(directory(104), "darwin"), false);
  // Bytes count, not characters.
  assert.equal(fitsSocket(`/${"é".repeat(50)}`, "linux"), false);
});

test("a URL quotes what a URL must quote", () => {
  const socket = connectionTo({ kind: "socket", directory: "/a b/?&", port: 5432 }, "p/w");
  assert.equal(
    connectionUrl(socket),
    "postgresql://cocktail:p%2Fw@localhost:5432/postgres?host=%2Fa%20b%2F%3F%26",
  );
  const tcp = connectionTo({ kind: "tcp", host: "127.0.0.1", port: 4000 }, "secret");
  assert.equal(connectionUrl(tcp), "postgresql://cocktail:secret@127.0.0.1:4000/postgres");
});

test("postmaster.pid is read in any state of being written", () => {
  assert.equal(parsePostmasterFile(""), undefined);
  assert.equal(parsePostmasterFile("x\n"), undefined);
  assert.deepEqual(parsePostmasterFile("12\n/data\n"), { pid: 12, status: undefined });
  const whole = "12\n/data\n1795000000\n5432\n/s\n\n  5432001  32768\nready   \n";
  assert.deepEqual(parsePostmasterFile(whole), { pid: 12, status: "ready" });
});

test("what an earlier server of the same number left in postmaster.pid is not taken for readiness", () => {
  const file = (started: number, status: string): string =>
    `12\n/data\n${started}\n5432\n/s\n\n  5432001  32768\n${status}\n`;
  const stale = file(1_795_000_000, "ready   ");
  assert.equal(isReady(stale, { pid: 12, stale }), false);
  assert.equal(isReady(file(1_795_000_001, "starting"), { pid: 12, stale }), false);
  assert.equal(isReady(file(1_795_000_001, "ready   "), { pid: 12, stale }), true);
  assert.equal(isReady(file(1_795_000_001, "ready   "), { pid: 13, stale }), false);
  assert.equal(isReady(undefined, { pid: 12, stale: undefined }), false);
});

test("nobody is preferred, daemon stands in, root never", () => {
  assert.deepEqual(parseNobody("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n"), {
    uid: 65534,
    gid: 65533,
  });
  assert.deepEqual(parseNobody("daemon:x:1:2::/:/bin/false\n"), { uid: 1, gid: 2 });
  assert.equal(parseNobody("nobody:x:0:0::/:/bin/false\n"), undefined);
  assert.equal(parseNobody(""), undefined);
});
