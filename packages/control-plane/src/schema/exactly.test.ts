import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { exactly } from "./exactly.ts";

interface Declared {
  readonly name: string;
  readonly count?: number | undefined;
  readonly kinds: readonly ("a" | "b")[];
}

/** What follows an `@ts-expect-error` must not compile: the compiler refuses the line as soon as it does. */
test("a schema is of exactly the declared type, or it does not compile", () => {
  const name = z.string();
  const count = z.number().optional();
  const kinds = z.array(z.enum(["a", "b"]));
  const schema = exactly<Declared>()(z.object({ name, count, kinds }));
  assert.deepEqual(schema.parse({ name: "n", kinds: ["a"] }), { name: "n", kinds: ["a"] });

  const declared = exactly<Declared>();
  // @ts-expect-error -- an optional member is missing
  declared(z.object({ name, kinds }));
  // @ts-expect-error -- a member that was not declared
  declared(z.object({ name, count, kinds, more: z.string().optional() }));
  // @ts-expect-error -- required instead of optional
  declared(z.object({ name, count: z.number(), kinds }));
  // @ts-expect-error -- optional instead of required
  declared(z.object({ name: name.optional(), count, kinds }));
  // @ts-expect-error -- another type
  declared(z.object({ name: z.number(), count, kinds }));
  // @ts-expect-error -- a word less
  declared(z.object({ name, count, kinds: z.array(z.enum(["a"])) }));
  // @ts-expect-error -- a word more
  declared(z.object({ name, count, kinds: z.array(z.enum(["a", "b", "c"])) }));
});
