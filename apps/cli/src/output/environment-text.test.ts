import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { environmentText } from "./environment-text.ts";

const values = {
  PLAIN: "http://127.0.0.1:4001",
  EMPTY: "",
  SPACES: " a b ",
  DOLLAR: "$(touch x) ${HOME} `id`",
  QUOTES: 'it\'s "this"',
  LINES: "one\ntwo # no comment",
  UNICODE: "grün",
};

test("a shell reads back what was written, and runs none of it", () => {
  const script = `${environmentText(values, "shell")} node -p 'JSON.stringify(process.env)'`;
  const env = { PATH: process.env["PATH"] };
  const seen = JSON.parse(execFileSync("sh", ["-c", script], { env, encoding: "utf8" })) as object;
  assert.partialDeepStrictEqual(seen, values);
});

test("a dotenv file is read back by Node's parser", () => {
  assert.deepEqual({ ...parseEnv(environmentText(values, "dotenv")) }, values);
});

test("what a form can't express is refused, and JSON takes anything", () => {
  for (const format of ["shell", "dotenv"] as const) {
    for (const name of ["A; touch x #", "A=B", "", "1A", "A-B"])
      assert.throws(() => environmentText({ [name]: "v" }, format), /is the name of no variable/);
  }
  assert.throws(() => environmentText({ A: "'\"`" }, "dotenv"), /all three kinds of quotes/);
  assert.match(environmentText({ "A; b": "v" }, "json"), /"A; b": "v"/);
});

test("JSON is JSON", () => {
  assert.deepEqual(JSON.parse(environmentText(values, "json")), values);
});
