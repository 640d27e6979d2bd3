/**
 * The answer of the API as its wire type. Not checked here: the server's schemas are compared with these types when it is
 * compiled, and what steers traffic (the route table) is read with `readTable` instead.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the type of the operation
export function asWire<T>(answer: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one parsed boundary of this package
  return answer as T;
}
