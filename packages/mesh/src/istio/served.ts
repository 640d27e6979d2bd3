import { formatVariant, STABLE } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { fullHost, type MeshNames } from "./names.ts";
import type { MeshService } from "./objects.ts";
import { branchKeys, umbrellaHost } from "./umbrella.ts";

/** Each cluster carries the name of its variant, which the answer's header is made of. */
export function servedPatches(
  service: MeshService,
  decisions: ServiceDecisions,
  names: MeshNames,
): readonly object[] {
  const patch = (cluster: object, key: string): object => ({
    applyTo: "CLUSTER",
    match: { context: "SIDECAR_OUTBOUND", cluster },
    patch: {
      operation: "MERGE",
      value: {
        metadata: {
          filter_metadata: { cocktail: { served: formatVariant(service.name, key) } },
        },
      },
    },
  });
  const own = fullHost(service.name, service.namespace, names);
  const umbrella = umbrellaHost(service, names);
  return [
    patch({ service: own }, STABLE),
    ...branchKeys(decisions).map((key) => patch({ service: umbrella, subset: key }, key)),
  ];
}
