import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { LogLine } from "@cocktail/client";
import { temporary } from "../testing/temporary.ts";
import { LineSplitter, maxLineLength } from "./line-splitter.ts";
import { LogBook } from "./log-book.ts";
import { LogFile, readTail } from "./log-file.ts";
import { formatLogLine, parseLogLine } from "./log-line.ts";
import { maxLag } from "./log-stream.ts";

function split(...chunks: readonly (string | Buffer)[]): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk));
  splitter.end();
  return lines;
}

test("lines are cut wherever the chunks are cut", () => {
  assert.deepEqual(split("a\nb", "c\n\nd\r\ne"), ["a", "bc", "", "d", "e"]);
  const euro = Buffer.from("€\n");
  assert.deepEqual(split(euro.subarray(0, 1), euro.subarray(1)), ["€"]);
});

test("a line without an end is cut rather than collected", () => {
  const long = "x".repeat(maxLineLength * 2 + 3);
  assert.deepEqual(
    split(long).map((line) => line.length),
    [maxLineLength, maxLineLength, 3],
  );
  assert.deepEqual(
    split(`${long}\n`).map((line) => line.length),
    [maxLineLength, maxLineLength, 3],
  );
});

test("a file rotates at its cap and keeps one before it", async () => {
  using home = temporary();
  const path = join(home.path, "a/b.log");
  const file = new LogFile(path, { maxBytes: 1_000 });
  for (let line = 0; line < 100; line++) {
    file.append(`${String(line).padStart(3, "0")} ${"x".repeat(46)}`);
    if (line % 10 === 9) await file.close();
  }
  await file.close();
  assert.ok(statSync(path).size <= 1_000);
  assert.ok(statSync(`${path}.1`).size <= 1_000);
  assert.equal(existsSync(`${path}.2`), false);
  const lines = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
  const numbers = lines
    .trim()
    .split("\n")
    .map((line) => Number(line.slice(0, 3)));
  assert.equal(numbers.at(-1), 99);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  await file.remove();
  assert.equal(existsSync(path) || existsSync(`${path}.1`), false);
});

test("lost lines are counted, and reported with the next successful write", async () => {
  using home = temporary({ a: "in the way" });
  const path = join(home.path, "a/b.log");
  const file = new LogFile(path, { maxBytes: 1_000 });
  for (const line of ["one", "two", "three"]) file.append(line);
  await file.close();
  file.append("four");
  await file.close();
  rmSync(join(home.path, "a"));
  file.append("five");
  await file.close();
  assert.match(readFileSync(path, "utf8"), /^\.\.\. 4 lines lost: E[A-Z]+: .*\nfive\n$/);
});

test("the cap counts bytes, not characters", async () => {
  using home = temporary();
  const path = join(home.path, "b.log");
  const file = new LogFile(path, { maxBytes: 1_000 });
  for (let line = 0; line < 100; line++) file.append("€".repeat(30));
  await file.close();
  assert.ok(statSync(path).size <= 1_200, String(statSync(path).size));
});

test("the tail of a file never begins in the middle of a line", () => {
  using home = temporary({ log: "first line\nsecond\nthird\n" });
  assert.deepEqual(readTail(join(home.path, "log"), 10), ["third"]);
  assert.deepEqual(readTail(join(home.path, "log"), 1_000), ["first line", "second", "third"]);
  assert.deepEqual(readTail(join(home.path, "none"), 1_000), []);
});

test("a line on disk reads back as it was", () => {
  const line: LogLine = {
    time: "2026-11-23T09:31:00.000Z",
    variant: "a:b",
    incarnation: 2,
    stream: "stderr",
    text: "x #3 stdout",
  };
  assert.deepEqual(parseLogLine("a:b", formatLogLine(line)), line);
  assert.equal(parseLogLine("a:b", "by hand"), undefined);
});

const say = (book: LogBook, key: string, text: string): void =>
  book.append("cart", key, { incarnation: 1, stream: "stdout", text });

async function texts(lines: AsyncIterable<LogLine>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { text, variant } of lines) found.push(`${variant} ${text}`);
  return found;
}

test("a variant's last lines, another's, and all of a service", async () => {
  using home = temporary();
  const book = new LogBook({ directory: home.path, ring: 3 });
  for (let number = 0; number < 10; number++) say(book, "stable", String(number));
  say(book, "mp-1", "branch");
  const read = (query: {
    service?: string;
    key?: string;
    tail: number;
  }): Promise<readonly string[]> => texts(book.read({ follow: false, ...query }));
  assert.deepEqual(await read({ service: "cart", key: "stable", tail: 2 }), [
    "cart:stable 8",
    "cart:stable 9",
  ]);
  assert.deepEqual(await read({ service: "cart", key: "mp", tail: 9 }), []);
  assert.deepEqual(await read({ service: "car", tail: 9 }), []);
  assert.equal((await read({ tail: 99 })).at(-1), "cart:mp-1 branch");
  assert.equal((await read({ tail: 0 })).length, 0);
  assert.equal(
    (await read({ service: "cart", key: "stable", tail: 99 })).length,
    3,
    "the ring is 3",
  );
  await book.close();
});

test("another run reads what the one before wrote, and a forgotten variant has no past", async () => {
  using home = temporary();
  const first = new LogBook({ directory: home.path });
  say(first, "stable", "before");
  await first.close();
  const second = new LogBook({ directory: home.path });
  assert.deepEqual(await texts(second.read({ tail: 9, follow: false })), ["cart:stable before"]);
  await second.forget("cart", "stable");
  assert.deepEqual(await texts(second.read({ tail: 9, follow: false })), []);
  await second.close();
});

test("a follower gets the past and then every line, without a gap", async () => {
  using home = temporary();
  const book = new LogBook({ directory: home.path });
  say(book, "stable", "past");
  const stop = new AbortController();
  const got: string[] = [];
  const reading = (async () => {
    for await (const { text } of book.read({
      service: "cart",
      tail: 5,
      follow: true,
      signal: stop.signal,
    })) {
      got.push(text);
      if (text === "past") {
        say(book, "stable", "in between");
        setImmediate(() => say(book, "stable", "later"));
      }
      if (text === "later") stop.abort();
    }
  })();
  await reading;
  assert.deepEqual(got, ["past", "in between", "later"]);
  await book.close();
});

test("a follower that doesn't read loses the oldest lines and sees how many", async () => {
  using home = temporary();
  const book = new LogBook({ directory: home.path });
  say(book, "stable", "first");
  const stream = book.read({ tail: 1, follow: true })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const result: IteratorResult<LogLine, unknown> = await stream.next();
    return result.done === true ? "" : result.value.text;
  };
  assert.equal(await next(), "first");
  for (let number = 0; number < maxLag + 10; number++) say(book, "stable", String(number));
  assert.match(await next(), /10 lines dropped/);
  assert.equal(await next(), "10");
  await stream.return?.();
  await book.close();
});
