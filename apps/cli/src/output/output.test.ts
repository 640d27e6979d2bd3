import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import * as fc from "fast-check";
import { printable, printableJson } from "@cocktail/client/printable";
import { truncateToWidth, displayWidth } from "./display-width.ts";
import { layout } from "./layout.ts";
import { coloured, plain, wantsColour } from "./paint.ts";
import { createProgress, heartbeatMs } from "./progress.ts";
import { line, span, type View } from "./view.ts";

const table: View = [
  {
    kind: "table",
    columns: [{ title: "name" }, { title: "ms", align: "right" }, { title: "url", wide: true }],
    rows: [
      [span("accent", "cart:mp-102"), "3", "http://a"],
      ["日本", "12.5", "-"],
    ],
    empty: "nothing",
  },
];

describe("layout", () => {
  it("aligns by display width, with and without colour", () => {
    const text = "NAME           MS\ncart:mp-102     3\n日本         12.5\n";
    assert.equal(layout(table, plain, false), text);
    // oxlint-disable-next-line no-control-regex -- removes colours
    assert.equal(layout(table, coloured, false).replaceAll(/\u001B\[\d+m/g, ""), text);
    assert.notEqual(layout(table, coloured, false), text);
    assert.match(layout(table, plain, true), /MS {2}URL\n/);
    assert.equal(displayWidth("日本"), 4);
  });

  it("removes sequences of untrusted text that move the cursor, rename the window or forge a line", () => {
    const evil = "a\u001B[2J\u001B]0;title\u0007b\u009B31m\r\nc\u001B[31md";
    assert.equal(printable(evil), "ab31mcd");
    assert.equal(printable(evil, true), "ab31mc\u001B[31md");
    assert.equal(layout([line(evil)], plain, false), "ab31mcd\n");
    // oxlint-disable-next-line no-control-regex -- tests control characters
    const control = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/;
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", size: "large" }),
        (text) => !control.test(printable(text)),
      ),
    );
  });
});

it("JSON holds what a program printed, and no control character", () => {
  const evil = { "\u009B2J": "\u001B[2J \u007F \u009B31m\n" };
  const json = printableJson(evil);
  assert.deepEqual(JSON.parse(json), evil);
  assert.doesNotMatch(json, /\p{Cc}/u);
});

describe("colour", () => {
  it("follows --color, then NO_COLOR and TERM, then whether the stream is a terminal", () => {
    assert.equal(wantsColour("auto", {}, true), true);
    assert.equal(wantsColour("auto", {}, false), false);
    assert.equal(wantsColour("auto", { NO_COLOR: "1" }, true), false);
    assert.equal(wantsColour("auto", { NO_COLOR: "" }, true), true);
    assert.equal(wantsColour("auto", { TERM: "dumb" }, true), false);
    assert.equal(wantsColour("always", { NO_COLOR: "1" }, false), true);
    assert.equal(wantsColour("never", {}, true), false);
  });
});

describe("progress", () => {
  function open(isTerminal: boolean, columns = 80) {
    let text = "";
    let now = 0;
    const progress = createProgress({
      write: (more) => void (text += more),
      isTerminal,
      columns: () => columns,
      colour: false,
      now: () => now,
    });
    return {
      progress,
      text: () => text,
      tick: (ms: number) => {
        now += ms;
        mock.timers.tick(ms);
      },
    };
  }

  it("without a terminal: a line per change, a heartbeat when nothing changes, the time at the end", (t) => {
    mock.timers.enable({ apis: ["setInterval"] });
    t.after(() => mock.timers.reset());
    const { progress, text, tick } = open(false);
    const waiting = progress.wait("ready");
    waiting.state("Starting");
    waiting.state("Starting");
    tick(heartbeatMs - 1);
    assert.equal(text(), "… ready     Starting\n");
    tick(1);
    tick(5_000);
    waiting.state("Probing");
    tick(heartbeatMs - 1);
    waiting.end("good", "served");
    tick(10 * heartbeatMs);
    assert.deepEqual(text().split("\n"), [
      "… ready     Starting",
      "… ready     Starting (30s)",
      "… ready     Probing",
      "✓ ready     served (1m4s)",
      "",
    ]);
  });

  it("on a terminal: one line that is redrawn, and no output after its end", (t) => {
    mock.timers.enable({ apis: ["setInterval"] });
    t.after(() => mock.timers.reset());
    const { progress, text, tick } = open(true);
    const waiting = progress.wait("ready");
    waiting.state("Starting\u001B[2J");
    tick(200);
    waiting.end("bad", "failed");
    const drawn = text();
    tick(1000);
    assert.equal(text(), drawn);
    assert.equal(drawn.split("\n").length, 2);
    assert.equal(drawn.includes("\u001B[2J"), false);
    assert.match(drawn, /\r.*Starting.*\r.*✗ ready {5}failed 0s\n$/);
  });

  it("on a terminal: never a line that wraps, however narrow", (t) => {
    mock.timers.enable({ apis: ["setInterval"] });
    t.after(() => mock.timers.reset());
    for (const columns of [12, 40, 80]) {
      const { progress, text, tick } = open(true, columns);
      progress.wait("ready").state(`日本 ${"nothing listens on 127.0.0.1:20766; ".repeat(9)}`);
      tick(300);
      const widths = text()
        .split("\r\u001B[K")
        .map((drawn) => displayWidth(drawn));
      assert.ok(Math.max(...widths) < columns, `${widths.join(" ")} of ${columns}`);
    }
    assert.equal(truncateToWidth("日本語", 5), "日本…");
    assert.equal(truncateToWidth("日本語", 6), "日本語");
    assert.equal(truncateToWidth("abc", 0), "");
  });
});
