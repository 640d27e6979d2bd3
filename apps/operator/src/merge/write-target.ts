import { type Api, type KubeObject, replaceObject, type WriteOptions } from "@cocktail/kubernetes";
import { fieldManager, virtualServices } from "../kinds.ts";

/**
 * Replaces a VirtualService in the state in which it was read. A field that Istio doesn't know is refused, not dropped: a match with a
 * misspelt condition would be left without conditions, and take all traffic.
 */
export async function writeTarget(
  api: Api,
  write: KubeObject,
  options: Pick<WriteOptions, "signal" | "dryRun">,
): Promise<KubeObject> {
  return await replaceObject(api, virtualServices, write, {
    fieldManager,
    isStrict: true,
    ...options,
  });
}
