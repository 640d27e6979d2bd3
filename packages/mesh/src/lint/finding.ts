import type { KubeObject } from "../istio/objects.ts";

export const findingReasons = [
  "PortNotHttp",
  "NotBoundToMesh",
  "DuplicateHost",
  "ShadowedRoute",
  "SubsetMissing",
  "DelegateMissing",
  "DelegateNotFirst",
  "DelegateHasMatch",
  "DelegateCatchAll",
  "GateMissing",
  "DuplicateClaim",
  "CallerWithoutSidecar",
] as const;
export type FindingReason = (typeof findingReasons)[number];

/** One thing that keeps requests from reaching a variant, or from stable. */
export interface Finding {
  /** `VirtualService services/payment-service` */
  readonly object: string;
  /** Within the object: `spec.http[2]`. */
  readonly path: string;
  readonly reason: FindingReason;
  readonly message: string;
}

export function formatObject({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? "default"}/${metadata.name}`;
}
