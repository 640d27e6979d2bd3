import assert from "node:assert/strict";
import { install } from "./index.ts";
import { describeInterleaving } from "../test/interleaved.ts";
import { startOpenTelemetry } from "../test/opentelemetry.ts";

install();
startOpenTelemetry();

describeInterleaving("with OpenTelemetry started after the library", {
  foreign: "tenant=acme;tier=gold,user%20id=42",
  also: (seen, n) => {
    assert.match(
      String(seen.headers["traceparent"]),
      /^00-[0-9a-f]{32}-/,
      "OpenTelemetry is not at work",
    );
    const members = String(seen.headers["baggage"]).split(",");
    assert.ok(
      members.includes("tenant=acme;tier=gold"),
      `a member of others was harmed in call of ${n}: ${members}`,
    );
    assert.ok(
      members.some((member) => member.endsWith("=42")),
      "a member of others was lost",
    );
  },
});
