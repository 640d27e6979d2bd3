/** Where a request came in. */
export type Place = EdgePlace | MeshPlace;

/** Clients outside: what they say of themselves is not believed. */
export interface EdgePlace {
  readonly kind: "edge";
}

/** A loopback listener of one calling variant toward one callee: the gateway knows who asks. */
export interface MeshPlace {
  readonly kind: "mesh";
  readonly caller: string;
  readonly callee: string;
}

export const edge: EdgePlace = Object.freeze({ kind: "edge" });
