import { after, before } from "node:test";
import { type TestPostgres, testPostgres } from "../../../test/postgres.ts";
import { describeStore } from "../testing/conformance.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await testPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

describeStore("Postgres", () => postgres.open());
