import { keyOf, type KubeObject, type ObjectRef, refOf } from "@cocktail/kubernetes";
import { fieldsOf, listOf, fullHost, type MeshNames } from "@cocktail/mesh";
import { targetOf } from "./virtual-service-merge.ts";

const routeKinds = ["http", "tcp", "tls"];

/** The full hosts to which a merge routes, as its target's namespace completes them. */
export function hostsOf(merge: KubeObject, names: MeshNames): readonly string[] {
  const { namespace = "default" } = refOf(targetOf(merge));
  const patch = fieldsOf(fieldsOf(merge["spec"])["patch"]);
  const destinations = routeKinds
    .flatMap((kind) => listOf(patch[kind]))
    .flatMap((route) => listOf(route["route"]))
    .map(({ destination }) => fieldsOf(destination)["host"]);
  const hosts = destinations.filter((host) => typeof host === "string");
  return [...new Set(hosts.map((host) => fullHost(host, namespace, names)))];
}

/** The Service behind a full host; undefined for a host outside of the cluster. */
export function serviceOf(host: string, names: MeshNames): ObjectRef | undefined {
  const ending = `.svc.${names.clusterDomain}`;
  const [name, namespace, ...more] = host.endsWith(ending)
    ? host.slice(0, -ending.length).split(".")
    : [];
  return name === undefined || namespace === undefined || more.length > 0
    ? undefined
    : { namespace, name };
}

/** The full host of a Service. */
export function hostOf({ namespace = "default", name }: ObjectRef, names: MeshNames): string {
  return fullHost(name, namespace, names);
}

/** The full host that a DestinationRule is about. */
export function hostOfRule({ metadata, ...rule }: KubeObject, names: MeshNames): string {
  const { host } = fieldsOf(rule["spec"]);
  return fullHost(String(host), metadata.namespace ?? "default", names);
}

/** The VirtualServices whose traffic a Rollout divides, and the routes that it keeps there. */
export function managedBy({ metadata, ...rollout }: KubeObject): {
  readonly targets: readonly string[];
  readonly routes: readonly string[];
} {
  const routing = fieldsOf(
    fieldsOf(fieldsOf(fieldsOf(rollout["spec"])["strategy"])["canary"])["trafficRouting"],
  );
  const { virtualService, virtualServices } = fieldsOf(routing["istio"]);
  const named = [virtualService, ...listOf(virtualServices)].map((one) => fieldsOf(one)["name"]);
  // A name may bring its namespace.
  const targets = named.flatMap((name) =>
    typeof name !== "string" || name === ""
      ? []
      : name.includes(".")
        ? `${name.split(".")[1]}/${name.split(".")[0]}`
        : keyOf({ namespace: metadata.namespace, name }),
  );
  const routes = listOf(routing["managedRoutes"]).map((one) => fieldsOf(one)["name"]);
  return { targets, routes: routes.filter((name) => typeof name === "string") };
}
