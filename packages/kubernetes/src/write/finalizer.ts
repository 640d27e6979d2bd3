import type { Api } from "../api/api.ts";
import { isNotFound } from "../api/api-error.ts";
import type { Resource } from "../api/resource.ts";
import type { KubeObject } from "../object.ts";
import { patchObject, type PatchStep, type WriteOptions } from "./objects.ts";

/**
 * Makes the deletion of the object wait for this controller. Undefined if the object is gone, or is being deleted already: then it is too
 * late, and the API would refuse it. Rejects with a conflict if the list of finalizers changed since the object was read.
 */
export async function addFinalizer(
  api: Api,
  resource: Resource,
  object: KubeObject,
  options: WriteOptions & { readonly finalizer: string },
): Promise<KubeObject | undefined> {
  const { finalizers, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return undefined;
  if (finalizers?.includes(options.finalizer) === true) return object;
  const path = "/metadata/finalizers";
  const steps: readonly PatchStep[] =
    finalizers === undefined
      ? // A test can't demand that a list is missing; the version can.
        [versionOf(object), { op: "add", path, value: [options.finalizer] }]
      : [
          { op: "test", path, value: finalizers },
          { op: "add", path: `${path}/-`, value: options.finalizer },
        ];
  return await patch(api, resource, { object, steps }, options);
}

/** Lets the object go. Undefined if it is gone. Rejects with a conflict as `addFinalizer` does. */
export async function removeFinalizer(
  api: Api,
  resource: Resource,
  object: KubeObject,
  options: WriteOptions & { readonly finalizer: string },
): Promise<KubeObject | undefined> {
  const { finalizers = [] } = object.metadata;
  const at = finalizers.indexOf(options.finalizer);
  if (at < 0) return object;
  const path = `/metadata/finalizers/${at}`;
  const steps: readonly PatchStep[] = [
    { op: "test", path, value: options.finalizer },
    { op: "remove", path },
  ];
  return await patch(api, resource, { object, steps }, options);
}

const versionOf = ({ metadata }: KubeObject): PatchStep => ({
  op: "test",
  path: "/metadata/resourceVersion",
  value: metadata.resourceVersion,
});

async function patch(
  api: Api,
  resource: Resource,
  { object, steps }: { readonly object: KubeObject; readonly steps: readonly PatchStep[] },
  options: WriteOptions,
): Promise<KubeObject | undefined> {
  const { namespace, name, uid } = object.metadata;
  // Another object of the same name is none of ours.
  const sameObject: PatchStep = { op: "test", path: "/metadata/uid", value: uid };
  try {
    return await patchObject(
      api,
      resource,
      { namespace, name, steps: [sameObject, ...steps] },
      options,
    );
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
