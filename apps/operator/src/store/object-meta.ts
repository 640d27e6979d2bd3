import type { Actor, Change, ObjectMeta } from "@cocktail/environment";
import type { KubeObject, PatchStep } from "@cocktail/kubernetes";
import { z } from "zod";
import { pathOf } from "./fields.ts";
import { changedByAnnotation } from "./resources.ts";

const longestAnnotation = 16_384;

/** Undefined members are those that the API server always sets; the reader refuses an object without one. */
type FoundMeta = { readonly [Field in keyof ObjectMeta]: ObjectMeta[Field] | undefined };

export function metaOf(object: KubeObject, name: string): FoundMeta {
  const { metadata } = object;
  const { uid, resourceVersion, labels = {}, deletionTimestamp } = metadata;
  const generation = generationOf(metadata);
  return {
    name,
    uid,
    version: resourceVersion,
    generation,
    labels,
    createdAt: createdAtOf(object),
    ...(deletionTimestamp === undefined ? {} : { deletedAt: Date.parse(deletionTimestamp) }),
    ...changedBy(metadata.annotations?.[changedByAnnotation], generation),
  };
}

/** NaN, which no reader accepts, if it can't be read. */
export function createdAtOf({ metadata }: KubeObject): number {
  const { creationTimestamp } = metadata;
  return typeof creationTimestamp === "string" ? Date.parse(creationTimestamp) : Number.NaN;
}

/** The API server also counts the deletion, which is no change of the spec. */
export function generationOf({
  generation = 1,
  deletionTimestamp,
}: KubeObject["metadata"]): number {
  return deletionTimestamp === undefined ? generation : generation - 1;
}

/** The annotation of an object whose spec is of this generation. */
export function changedByText(actor: Actor, generation: number): string {
  return JSON.stringify({ actor, at: Date.now(), generation });
}

export function changedByStep({ metadata }: KubeObject, text: string): PatchStep {
  return metadata.annotations === undefined
    ? { op: "add", path: "/metadata/annotations", value: { [changedByAnnotation]: text } }
    : { op: "add", path: pathOf("metadata", "annotations", changedByAnnotation), value: text };
}

const annotation = z.object({
  actor: z.object({ name: z.string(), groups: z.array(z.string()).optional() }),
  at: z.number(),
  generation: z.number(),
});

/** Nothing if somebody else changed the spec since, or the text is not of this operator. */
function changedBy(text: string | undefined, generation: number): { readonly changedBy?: Change } {
  if (text === undefined || text.length > longestAnnotation) return {};
  const found = annotation.safeParse(parse(text));
  if (!found.success || found.data.generation < generation) return {};
  const { actor, at } = found.data;
  return { changedBy: { actor, at } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
