import { type Api, deleteObject, getObject, type ObjectRef } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import type { TestObject } from "@cocktail/testbed";
import { mergeKind } from "./merges.ts";

/** A Service that needs no pods to be ready. */
export function podlessService(namespace: string, name: string): TestObject {
  const ports = [{ name: "http", port: 80 }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: { type: "ExternalName", externalName: "example.com", ports },
  };
}

export const stableRoute = { name: "stable", route: [{ destination: { host: "stable" } }] };

/** A VirtualService as a chart has it. */
export function plainTarget(
  namespace: string,
  name: string,
  http: readonly object[] = [stableRoute],
): TestObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { namespace, name },
    spec: { hosts: [`${name}.example.com`], http },
  };
}

/** The operator that is replaced, as far as it is looked for. Its pods have the label `app: old`. */
export function oldOperator(namespace: string): TestObject {
  const image = "monime/istio-virtualservice-merger:latest";
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name: "old-merger" },
    spec: {
      selector: { matchLabels: { app: "old" } },
      template: {
        metadata: { labels: { app: "old" } },
        spec: { containers: [{ name: "a", image, command: ["sleep", "infinity"] }] },
      },
    },
  };
}

/** Deletes a merge, and waits until the operator has let it go. */
export async function removeMerge(api: Api, ref: ObjectRef, kind = mergeKind.deck): Promise<void> {
  await deleteObject(api, kind, ref);
  await until(
    `${ref.name} to be gone`,
    async () => (await getObject(api, kind, ref)) === undefined,
    { ms: 20_000 },
  );
}
