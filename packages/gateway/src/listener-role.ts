/** What a listener is for; decides which headers of its requests are trusted. */
export type ListenerRole = EdgeRole | MeshRole;

/** For external clients: their forwarding headers are not trusted. */
export interface EdgeRole {
  readonly kind: "edge";
}

/** A loopback listener for calls of one variant to one callee, so the caller is known. */
export interface MeshRole {
  readonly kind: "mesh";
  readonly caller: string;
  readonly callee: string;
}

export const edge: EdgeRole = Object.freeze({ kind: "edge" });
