import { fieldsOf, listOf, nameOf } from "../fields.ts";
import type { KubeObject } from "../istio/objects.ts";
import { type Finding, formatObject } from "./finding.ts";

const proxy = "istio-proxy";

/** The caller's sidecar routes: what a pod without one calls is always stable. */
export function lintPod(pod: KubeObject): readonly Finding[] {
  const { containers, initContainers } = fieldsOf(pod.spec);
  const isMeshed = [...listOf(containers), ...listOf(initContainers)].some(
    (one) => nameOf(one) === proxy,
  );
  if (isMeshed) return [];
  return [
    {
      object: formatObject(pod),
      path: "spec.containers",
      reason: "CallerWithoutSidecar",
      message: `The pod has no ${proxy}: its own calls reach stable, whatever route they carry. Label its namespace or the pod for injection, and restart it.`,
    },
  ];
}
