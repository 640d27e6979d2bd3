import type { Kind, Kinds } from "./object.ts";

/**
 * One write of one object; there are no transactions over several. A decision about several objects is a list of writes
 * that converges from every prefix. `version` is the precondition: the object as the decision saw it.

 */
export type Write = { readonly [K in Kind]: WriteOf<K> }[Kind];

export type WriteOf<K extends Kind> =
  | {
      readonly op: "create";
      readonly kind: K;
      readonly name: string;
      readonly spec: Kinds[K]["spec"];
    }
  | {
      readonly op: "writeSpec";
      readonly kind: K;
      readonly name: string;
      readonly version: string;
      readonly spec: Kinds[K]["spec"];
    }
  | {
      readonly op: "delete";
      readonly kind: K;
      readonly name: string;
      readonly version: string;
    };

interface Named<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly version: string;
}

export function createObject<K extends Kind>(
  kind: K,
  name: string,
  spec: Kinds[K]["spec"],
): Extract<WriteOf<K>, { readonly op: "create" }> {
  return { op: "create", kind, name, spec };
}

export function writeSpec<K extends Kind>(
  { kind, name, version }: Named<K>,
  spec: Kinds[K]["spec"],
): Extract<WriteOf<K>, { readonly op: "writeSpec" }> {
  return { op: "writeSpec", kind, name, version, spec };
}

export function deleteObject<K extends Kind>({
  kind,
  name,
  version,
}: Named<K>): Extract<WriteOf<K>, { readonly op: "delete" }> {
  return { op: "delete", kind, name, version };
}
