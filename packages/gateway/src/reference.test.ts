import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { tableOf } from "../test/world.ts";
import { createGateway, defaultLimits, type ProblemCode, problems } from "./index.ts";
import { grpcStatusOf } from "./problem.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/gateway.md"), "utf8");

/** The first cells of a section's table, and the rows by them. */
function rowsOf(section: string): Map<string, readonly string[]> {
  const text = page.split(`## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    for (const [, name = ""] of (cells[1] ?? "").matchAll(/`([^`]+)`/g))
      rows.set(name, cells.slice(2));
  }
  return rows;
}

describe("the reference", () => {
  it("lists every problem with its status in HTTP and gRPC, and no other", () => {
    const rows = rowsOf("Problems");
    assert.deepEqual(new Set(rows.keys()), new Set(Object.keys(problems)));
    for (const [code, [status]] of Object.entries(problems)) {
      const problem = { code: code as ProblemCode, detail: "", fix: "" };
      const [http, grpc] = rows.get(code) ?? [];
      assert.deepEqual([http, grpc], [String(status), String(grpcStatusOf(problem))], code);
    }
  });

  it("lists every limit, and no other", () => {
    assert.deepEqual(new Set(rowsOf("Limits").keys()), new Set(Object.keys(defaultLimits)));
  });

  it("lists every metric, and no other", () => {
    const metrics = new Registry();
    const settings = { domain: "localhost", services: {} };
    createGateway({ table: tableOf({ variants: {} }), settings, metrics });
    const names = metrics.getMetricsAsArray().map(({ name }) => name);
    assert.deepEqual(new Set(rowsOf("Metrics").keys()), new Set(names));
  });
});
