import type { Resource } from "@cocktail/kubernetes";
import { namespaced } from "../kinds.ts";

export const group = "cocktail.dev";
export const version = "v1alpha1";

const own = (kind: string): Resource =>
  namespaced(`${group}/${version}`, kind, `${kind.toLowerCase()}s`);

export const serviceVariants: Resource = own("ServiceVariant");
export const environments: Resource = own("Environment");
/** Internal: the engine's objects that no user writes. */
export const records: Resource = own("Record");

/** Keeps a deleted object until the engine has torn down what belongs to it. */
export const teardownFinalizer: string = `${group}/teardown`;
/** Who last wrote the spec, or requested the deletion. */
export const changedByAnnotation: string = `${group}/changed-by`;
