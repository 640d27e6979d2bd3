import assert from "node:assert/strict";
import { test } from "node:test";
import { openFilesFix } from "./open-files.ts";

test("whoever may open no more files is told so, and nobody else", () => {
  const tooMany = Object.assign(new Error("open '/a/b'"), { code: "EMFILE" });
  for (const cause of [
    tooMany,
    Object.assign(new Error("scandir"), { code: "ENFILE" }),
    "userNamespace: EMFILE, Too many open files '/a/native'",
    "FATAL:  insufficient file descriptors available to start server process",
    "initdb: error: could not open file: Too many open files",
  ])
    assert.match(openFilesFix(cause) ?? "", /ulimit -n 4096/);
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  for (const cause of [full, undefined, "permission denied: /EMFILES"])
    assert.equal(openFilesFix(cause), undefined);
});
