import { fieldsOf } from "@cocktail/mesh";
import type { KubeObject } from "@cocktail/kubernetes";
import { fieldManager } from "../kinds.ts";

/**
 * A target without this operator's entry in `managedFields`, where a tool applies it server-side (Helm 4, Flux, Argo CD); undefined where there
 * is nothing to change. With the entry each apply of the chart would end in a conflict, as long as anything is merged.
 */
export function withoutClaim(target: KubeObject): KubeObject | undefined {
  const { managedFields } = target.metadata;
  const entries: readonly unknown[] = Array.isArray(managedFields) ? managedFields : [];
  const isApplied = entries.some((entry) => fieldsOf(entry)["operation"] === "Apply");
  const others = entries.filter((entry) => fieldsOf(entry)["manager"] !== fieldManager);
  return isApplied && others.length < entries.length
    ? { ...target, metadata: { ...target.metadata, managedFields: others } }
    : undefined;
}
