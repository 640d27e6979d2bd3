import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogLine, Variant } from "@cocktail/client";
import { condition, variant } from "../../test/support/objects.ts";
import { endOfRun, readLastOutput } from "./last-output.ts";

type Stream = LogLine["stream"];
const lines = (stream: Stream, ...texts: readonly string[]): Pick<LogLine, "stream" | "text">[] =>
  texts.map((text) => ({ stream, text }));

describe("the last output", () => {
  it("is that of the last run that printed anything, without frames, blank lines and control sequences", () => {
    const log = [
      ...lines("stderr", "an earlier run"),
      ...lines("cocktail", "exited with code 1; restarts in 100 ms"),
      ...lines("stdout", "booting \u001B]0;title\u0007\u001B[2J", ""),
      ...lines(
        "stderr",
        "Error: no \u001B[31mdatabase\u001B[0m",
        "    at open (/app.js:1:2)",
        "\tat a.B(C.java:3)",
      ),
      ...lines("cocktail", "exited with code 1; restarts in 200 ms", "another note"),
    ];
    assert.deepEqual(endOfRun(log), ["booting ", "Error: no database"]);
    assert.deepEqual(endOfRun(lines("cocktail", "a note")), []);
    assert.deepEqual(endOfRun([]), []);
  });

  it("is bounded in lines and columns", () => {
    const end = endOfRun(lines("stdout", ...Array.from({ length: 50 }, () => "x".repeat(100_000))));
    assert.equal(end.length, 8);
    assert.deepEqual([...new Set(end)], [`${"x".repeat(199)}…`]);
  });

  it("is read for variants that fail, stable ones first, and never an error of its own", async () => {
    const down = (name: string, reason: string, restarts = 0): Variant => {
      const { incarnations, ...rest } = variant(name, {
        conditions: [condition("False", reason, 1)],
      });
      return { ...rest, incarnations: incarnations.map((each) => ({ ...each, restarts })) };
    };
    const asked: string[] = [];
    const api = {
      async *logs({ service = "", key = "" }) {
        asked.push(`${service}:${key}`);
        await Promise.resolve();
        if (service === "secret") throw new Error("401");
        const line = { time: "", variant: `${service}:${key}`, stream: "stderr" } as const;
        yield { ...line, incarnation: 0, text: "of an earlier deploy" };
        if (service !== "mute") yield { ...line, incarnation: 1, text: "why" };
      },
    };
    const read = (...variants: readonly Variant[]) =>
      readLastOutput(api, variants, new AbortController().signal);
    const attached = {
      ...down("cart:a", "CrashLoop"),
      source: { kind: "directory", path: "/a" },
    } as const;
    assert.deepEqual(
      await read(
        variant("fine:stable"),
        down("new:stable", "Starting"),
        down("gone:stable", "Publishing"),
        attached,
        down("cart:b", "PrepareFailed"),
        { ...down("cart:stable", "Starting", 2), source: { kind: "service" } },
        down("late:a", "NotReady"),
      ),
      [
        {
          variant: "cart:stable",
          lines: ["why"],
          fix: "when it is fixed: cocktail restart cart:stable",
        },
        { variant: "cart:a", lines: ["why"], fix: "when it is fixed: cocktail restart cart:a" },
        { variant: "cart:b", lines: ["why"], fix: "when it is fixed, deploy it again" },
      ],
    );
    assert.deepEqual(asked, ["cart:stable", "cart:a", "cart:b"]);
    assert.deepEqual(await read(down("secret:a", "CrashLoop"), down("mute:a", "CrashLoop")), []);
  });
});
