import { keyOf, type KubeObject, type Resource } from "@cocktail/kubernetes";
import { fieldsOf, legacyFinalizer, type Patch } from "@cocktail/mesh";
import { mergeKinds } from "../kinds.ts";

/** A `VirtualServiceMerge` as it is read. Its author may have written anything. */
export interface VirtualServiceMerge {
  readonly object: KubeObject;
  readonly resource: Resource;
  /** `namespace/name` of the VirtualService; nothing after the slash where none is named. */
  readonly target: string;
  readonly patch: Patch;
  readonly isDeleted: boolean;
}

export function readMerge(object: KubeObject): VirtualServiceMerge {
  const resource = mergeKinds.find(({ apiVersion }) => apiVersion === object.apiVersion);
  if (resource === undefined)
    throw new TypeError(`${object.apiVersion} has no VirtualServiceMerge`);
  const { metadata } = object;
  const { name, namespace = "default", uid = "", generation = 0, creationTimestamp } = metadata;
  const { patch, priority } = fieldsOf(object["spec"]);
  return {
    object,
    resource,
    target: targetOf(object),
    patch: {
      owner: {
        namespace,
        name,
        group: groupOf(resource),
        uid,
        generation,
        createdAt: typeof creationTimestamp === "string" ? creationTimestamp : "",
        isLegacy: metadata.finalizers?.includes(legacyFinalizer) === true,
        priority: typeof priority === "number" ? priority : undefined,
      },
      patch,
    },
    isDeleted: metadata.deletionTimestamp !== undefined,
  };
}

/** The key of the VirtualService that a merge is for: in its own namespace, unless it names another. */
export function targetOf({ metadata, spec }: KubeObject): string {
  const { name, namespace } = fieldsOf(fieldsOf(spec)["target"]);
  const where = typeof namespace === "string" && namespace !== "" ? namespace : metadata.namespace;
  return keyOf({ namespace: where, name: typeof name === "string" ? name : "" });
}

export function groupOf({ apiVersion }: Resource): string {
  return apiVersion.split("/")[0] ?? apiVersion;
}
