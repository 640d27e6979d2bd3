import type { Kind, Kinds, ObjectOf } from "@cocktail/environment";
import type { KubeObject, Resource } from "@cocktail/kubernetes";
import type { z } from "zod";
import { type Fields, fieldsOf } from "@cocktail/mesh";

/** Where the objects are. Fixed for the life of a store. */
export interface Places {
  /** The namespace of Environments, and of the engine's own records. */
  readonly home: string;
  /** Where ServiceVariants are listed and watched. */
  readonly scope: { readonly namespace: string } | "cluster";
  /** The namespace in which the ServiceVariants of a service live; they are accepted nowhere else. */
  readonly namespaceOf: (service: string) => string;
}

export interface Place {
  readonly namespace: string;
  readonly name: string;
}

export type Reading =
  | {
      readonly kind: "read";
      /** Of the engine. */
      readonly name: string;
      readonly spec: Fields;
      readonly status: Fields | undefined;
    }
  /** An object of another kind in the same collection. */
  | { readonly kind: "other" }
  | { readonly kind: "unreadable"; readonly why: string };

/** An object as the API gave it and as the engine sees it. */
export interface Seen<K extends Kind> {
  /** Of the engine. */
  readonly name: string;
  readonly raw: KubeObject;
  readonly object: ObjectOf<K>;
}

/** How one kind of the engine is an object of Kubernetes. */
export interface Codec<K extends Kind> {
  readonly resource: Resource;
  /** Undefined: all of them. */
  namespace(places: Places): string | undefined;
  /** Undefined if there can't be an object of this name. */
  refOf(name: string, places: Places): Place | undefined;
  read(raw: KubeObject): Reading;
  /** The spec of Kubernetes for one of the engine; what `before` has besides is kept. */
  specOf(spec: Kinds[K]["spec"], before: { readonly name: string } | Seen<K>): Fields;
  statusOf(status: Kinds[K]["status"], before: Seen<K>): Fields;
}

/** The spec as it came. */
export function rawSpec(before: { readonly name: string } | { readonly raw: KubeObject }): Fields {
  return "raw" in before ? fieldsOf(before.raw["spec"]) : {};
}

/** What is wrong with an object that a model doesn't accept. Short, and without a value of the object. */
export function whyNot(error: z.ZodError): { readonly kind: "unreadable"; readonly why: string } {
  const { path = [], message = "" } = error.issues[0] ?? {};
  return { kind: "unreadable", why: `${path.join(".")}: ${message}`.slice(0, 500) };
}
