import type { z } from "zod";

/** The same type without what a schema can't say: mutability, and the names its parts were made of. */
type Normal<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer I)[]
    ? readonly Normal<I>[]
    : { readonly [K in keyof T]: Normal<T[K]> };

/** Stricter than mutual assignability, which doesn't detect a missing optional member. */

// oxlint-disable typescript/no-unnecessary-type-parameters -- the T of each side is what the comparison is made of
type Same<A, B> =
  (<T>() => T extends Normal<A> ? 1 : 2) extends <T>() => T extends Normal<B> ? 1 : 2
    ? true
    : false;
// oxlint-enable typescript/no-unnecessary-type-parameters

type Exact<S extends z.ZodType, T> =
  Same<z.output<S>, T> extends true
    ? S
    : S & { readonly mismatch: "the schema's type is not exactly the declared one" };

/**
 * A schema of exactly the type `T`, which is checked where it is compiled: a member that is missing, added, or of another
 * type on either side does not compile.
 *
 * @example const condition = exactly<Condition>()(z.object({ type: z.string() }));
 */
export function exactly<T>(): <S extends z.ZodType>(schema: Exact<S, T>) => S {
  return (schema) => schema;
}
