import { fieldsOf, listOf, nameOf } from "../fields.ts";
import type { KubeObject } from "../istio/objects.ts";
import { claimsOf } from "../merge/patterns.ts";
import { type Finding, formatObject } from "./finding.ts";

/** Two VirtualServiceMerges of one target that route the same variant: one of them gets no request. */
export function lintClaims(merges: readonly KubeObject[]): readonly Finding[] {
  const first = new Map<string, KubeObject>();
  return merges.flatMap((one) => {
    const spec = fieldsOf(one.spec);
    const target = fieldsOf(spec["target"]);
    const namespace = target["namespace"] ?? one.metadata.namespace ?? "default";
    return listOf(fieldsOf(spec["patch"])["http"]).flatMap((route, at) =>
      [...new Set(claimsOf(route))].flatMap((claim): Finding[] => {
        const key = JSON.stringify([namespace, nameOf(target), claim]);
        const rival = first.get(key);
        if (rival === undefined) first.set(key, one);
        if (rival === undefined || rival === one) return [];
        return [
          {
            object: formatObject(one),
            path: `spec.patch.http[${at}]`,
            reason: "DuplicateClaim",
            message: `${formatObject(rival)} routes ${claim} too: only one of them gets its requests.`,
          },
        ];
      }),
    );
  });
}
