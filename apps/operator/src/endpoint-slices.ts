import { keyOf, type KubeObject } from "@cocktail/kubernetes";
import { fieldsOf, listOf } from "@cocktail/mesh";

/** `namespace/name` of the Service that a slice is of. */
export function serviceOfSlice({ metadata: { namespace, labels = {} } }: KubeObject): string {
  return keyOf({ namespace, name: labels["kubernetes.io/service-name"] ?? "" });
}

export function hasReadyEndpoint({ endpoints }: KubeObject): boolean {
  // Ready unless it says otherwise, as the API defines it.
  return listOf(endpoints).some(({ conditions }) => fieldsOf(conditions)["ready"] !== false);
}
