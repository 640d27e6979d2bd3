import { after, before } from "node:test";
import { type TestPostgres, testPostgres } from "../../test/postgres.ts";
import { describeLifecycle } from "./testing/lifecycle-suite.ts";

let postgres: TestPostgres | undefined;
before(async () => {
  postgres = await testPostgres();
});
after(async () => {
  await postgres?.[Symbol.asyncDispose]();
});

describeLifecycle("on Postgres", async () => {
  if (postgres === undefined) throw new Error("Postgres was not started");
  const fixture = await postgres.open();
  return { store: fixture.store, close: async () => fixture[Symbol.asyncDispose]() };
});
