import { type Api, patchObject, type PatchStep } from "@cocktail/kubernetes";
import { legacyFinalizer } from "@cocktail/mesh";
import { unlessGone } from "./api-errors.ts";
import { fieldManager } from "./kinds.ts";
import type { VirtualServiceMerge } from "./virtual-service-merge.ts";

/** Keeps a merge until its routes are out of the target. */
export const finalizer = "cocktail.dev/merge";

/** From now on the deletion waits until the routes are out. */
export async function hold(
  api: Api,
  merge: VirtualServiceMerge,
  signal: AbortSignal,
): Promise<void> {
  const { finalizers = [] } = merge.object.metadata;
  if (!finalizers.includes(finalizer))
    await setFinalizers(api, merge, [...finalizers, finalizer], signal);
}

/** It waits no longer for the operator that is gone: what that one left in the target is taken over. */
export async function takeOver(
  api: Api,
  merge: VirtualServiceMerge,
  signal: AbortSignal,
): Promise<void> {
  const { finalizers = [] } = merge.object.metadata;
  const rest = finalizers.filter((one) => one !== legacyFinalizer);
  await setFinalizers(api, merge, rest, signal);
}

/** Lets the object go. */
export async function release(
  api: Api,
  merge: VirtualServiceMerge,
  signal: AbortSignal,
): Promise<void> {
  const { finalizers = [] } = merge.object.metadata;
  const rest = finalizers.filter((one) => one !== finalizer && one !== legacyFinalizer);
  await setFinalizers(api, merge, rest, signal);
}

/** Only in the state in which the object was read: a conflict otherwise. */
async function setFinalizers(
  api: Api,
  { object, resource }: VirtualServiceMerge,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { finalizers, name, namespace, uid, resourceVersion } = object.metadata;
  const before = finalizers ?? [];
  if (before.length === wanted.length && before.every((one, at) => one === wanted[at])) return;
  const path = "/metadata/finalizers";
  const steps: readonly PatchStep[] = [
    { op: "test", path: "/metadata/uid", value: uid },
    finalizers === undefined
      ? { op: "test", path: "/metadata/resourceVersion", value: resourceVersion }
      : { op: "test", path, value: finalizers },
    { op: "add", path, value: wanted },
  ];
  await unlessGone(() =>
    patchObject(api, resource, { namespace, name, steps }, { fieldManager, signal }),
  );
}
