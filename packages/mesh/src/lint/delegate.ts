import { fieldsOf, listOf, nameOf } from "../fields.ts";
import { isGate } from "../istio/chart.ts";
import { fullHost, type MeshNames, variantsName } from "../istio/names.ts";
import type { KubeObject } from "../istio/objects.ts";
import { type Finding, type FindingReason, formatObject } from "./finding.ts";
import { hostsOf, isInMesh } from "./virtual-service.ts";

/** The static block in the VirtualService of a service: the gate, then the line that delegates, then the service's own routes. */
export function lintDelegate(
  service: KubeObject,
  virtual: readonly KubeObject[],
  names: MeshNames,
): readonly Finding[] {
  const { name, namespace = "default" } = service.metadata;
  const host = fullHost(name, namespace, names);
  return virtual
    .filter((one) => isInMesh(one) && hostsOf(one, names).includes(host))
    .flatMap((one) => lintBlock(one, name, names));
}

function lintBlock(one: KubeObject, service: string, names: MeshNames): readonly Finding[] {
  const http = listOf(fieldsOf(one.spec)["http"]);
  const line = http.findIndex(
    ({ delegate }) => nameOf(fieldsOf(delegate)) === variantsName(service),
  );
  const finding = (reason: FindingReason, path: string, message: string): Finding => ({
    object: formatObject(one),
    path,
    reason,
    message,
  });
  if (line < 0) {
    const what = `The VirtualService doesn't delegate to ${variantsName(service)}`;
    return [finding("DelegateMissing", "spec.http", `${what}: requests to variants reach stable.`)];
  }
  const path = `spec.http[${line}]`;
  const gates = http.map((route) => isGate(route, names.headers.pins));
  const early = gates.slice(0, line).indexOf(false);
  const findings: Finding[] = [];
  if (early >= 0)
    findings.push(
      finding(
        "DelegateNotFirst",
        path,
        `http[${early}] comes before the line that delegates, and takes its requests from variants: move it behind.`,
      ),
    );
  if (!gates.slice(0, line).includes(true))
    findings.push(
      finding(
        "GateMissing",
        path,
        `No route before the line that delegates is for requests without ${names.headers.pins}: stable traffic pays for every variant.`,
      ),
    );
  if (listOf(http[line]?.["match"]).length > 0)
    findings.push(
      finding(
        "DelegateHasMatch",
        `${path}.match`,
        "Istio drops delegated routes whose matches conflict with it, silently: remove it.",
      ),
    );
  return findings;
}
