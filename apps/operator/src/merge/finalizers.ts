import { addFinalizer, type Api, removeFinalizer } from "@cocktail/kubernetes";
import { legacyFinalizer } from "@cocktail/mesh";
import { fieldManager } from "../kinds.ts";
import type { VirtualServiceMerge } from "./virtual-service-merge.ts";

/** Keeps a merge until its routes are out of the target. */
const finalizer = "cocktail.dev/merge";

/** From now on the deletion waits until the routes are out. */
export async function hold(
  api: Api,
  { object, resource }: VirtualServiceMerge,
  signal: AbortSignal,
): Promise<void> {
  await addFinalizer(api, resource, object, { finalizer, fieldManager, signal });
}

/** It waits no longer for the operator that is gone: what that one left in the target is taken over. */
export async function takeOver(
  api: Api,
  { object, resource }: VirtualServiceMerge,
  signal: AbortSignal,
): Promise<void> {
  const options = { finalizer: legacyFinalizer, fieldManager, signal };
  await removeFinalizer(api, resource, object, options);
}

/** Lets the object go. */
export async function release(
  api: Api,
  { object, resource }: VirtualServiceMerge,
  signal: AbortSignal,
): Promise<void> {
  let left: typeof object | undefined = object;
  for (const one of [legacyFinalizer, finalizer])
    if (left !== undefined)
      left = await removeFinalizer(api, resource, left, { finalizer: one, fieldManager, signal });
}
