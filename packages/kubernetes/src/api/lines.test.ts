import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readLines } from "./lines.ts";

async function linesOf(parts: readonly Uint8Array[], limit = 1_000): Promise<readonly string[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield await Promise.resolve(part);
  }
  const lines: string[] = [];
  for await (const line of readLines(chunks(), limit)) lines.push(line);
  return lines;
}

test("however a text is cut into chunks, also within a character, its lines are the same; an unfinished one is none", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" })),
      fc.array(fc.nat(50)),
      async (texts, cuts) => {
        const lines = texts.map((text) => text.replaceAll("\n", ""));
        const bytes = Buffer.from(`${lines.map((line) => `${line}\n`).join("")}cut o`);
        const at = [
          0,
          ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b),
          bytes.length,
        ];
        const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        assert.deepEqual(
          await linesOf(parts),
          lines.filter((line) => line !== ""),
        );
      },
    ),
  );
});

test("a line above the limit is refused, whether or not it ever ends", async () => {
  const long = Buffer.from("x".repeat(11));
  await assert.rejects(linesOf([long], 10), /limit of 10 bytes/);
  await assert.rejects(
    linesOf([Buffer.concat([long, Buffer.from("\n")])], 10),
    /limit of 10 bytes/,
  );
  assert.deepEqual(await linesOf([Buffer.from("0123456789\n")], 10), ["0123456789"]);
});
