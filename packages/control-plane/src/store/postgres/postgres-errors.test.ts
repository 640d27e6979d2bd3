import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseError } from "pg";
import { isStoreUnavailable } from "../../errors.ts";
import { asUnavailable, isRepeatable } from "./postgres-errors.ts";

function answer(code: string): DatabaseError {
  const error = new DatabaseError("what the server said", 0, "error");
  error.code = code;
  return error;
}

test("a transient error of Postgres is an outage, any other error is passed on", () => {
  const passing = ["08006", "53300", "57P01", "57P02", "57P03", "57014", "55P03", "25P03", "58030"];
  for (const code of passing) {
    const error = asUnavailable(answer(code));
    assert.ok(isStoreUnavailable(error), code);
    assert.match(error.message, new RegExp(`what the server said \\(${code}\\)`));
  }
  for (const code of ["23505", "42601", "42P01", "28P01", "3D000", "22P02", "57000"]) {
    const error = answer(code);
    assert.equal(asUnavailable(error), error, code);
  }
});

test("any error that did not come from the server is an outage", () => {
  const refused = new AggregateError([new Error("ECONNREFUSED ::1"), new Error("and 127.0.0.1")]);
  for (const [error, message] of [
    [new Error("Connection terminated unexpectedly"), /terminated unexpectedly/],
    [refused, /ECONNREFUSED ::1.*and 127\.0\.0\.1/],
    ["a text", /a text/],
  ] as const) {
    const outage = asUnavailable(error);
    assert.ok(isStoreUnavailable(outage));
    assert.match(outage.message, message);
  }
});

test("only deadlocks and serialisation failures are retried", () => {
  for (const code of ["40001", "40P01"]) assert.ok(isRepeatable(asUnavailable(answer(code))), code);
  for (const code of ["57P01", "23505", "40002"]) {
    assert.ok(!isRepeatable(asUnavailable(answer(code))), code);
  }
  assert.ok(!isRepeatable(new Error("x")));
});
