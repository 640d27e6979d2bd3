/** Where a request came in. */
export type Place =
  | { readonly kind: "edge" }
  /** A loopback listener of one calling variant toward one callee: the gateway knows who asks. */
  | { readonly kind: "mesh"; readonly caller: string; readonly callee: string };

export const edge: Place = Object.freeze({ kind: "edge" });
