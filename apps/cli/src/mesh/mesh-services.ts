import {
  defaultMeshNames,
  delegateRouteName,
  type DestinationRule,
  fullHost,
  isHttpPort,
  type KubeObject,
  type MeshService,
  type VirtualService,
} from "@cocktail/mesh";
import { type FileObject, invalid } from "./read-objects.ts";

/**
 * The services that these objects describe: a VirtualService with the delegate line, the Service of its host and, if there is one, the
 * DestinationRule of that host. Other objects are passed over. Throws a failure that names file and line.
 */
export function meshServices(objects: readonly FileObject[]): readonly MeshService[] {
  return objects.flatMap(({ object, at }) => {
    if (!isVirtualService(object) || !hasDelegateLine(object)) return [];
    const { hosts = [] } = object.spec;
    const namespace = namespaceOf(object);
    const service = objects.find(
      ({ object: other }) =>
        other.kind === "Service" && hosts.some((host) => names(host, namespace, other)),
    );
    if (service === undefined)
      throw invalid(
        `${at}: no Service of the host ${hosts.join(", ")}, whose ports are needed; add its file`,
      );
    return [meshService(object, service, objects)];
  });
}

export function isVirtualService(object: KubeObject): object is VirtualService {
  const http: unknown = Reflect.get(Object(object.spec), "http");
  return object.kind === "VirtualService" && Array.isArray(http);
}

export function hasDelegateLine({ spec: { http = [] } }: VirtualService): boolean {
  return http.some(({ name, delegate }) => name === delegateRouteName && delegate !== undefined);
}

function meshService(
  base: VirtualService,
  service: FileObject,
  objects: readonly FileObject[],
): MeshService {
  const { name, annotations } = service.object.metadata;
  const rule = objects.map(({ object }) => object).find((one) => isRuleOf(one, service.object));
  return {
    name,
    namespace: namespaceOf(service.object),
    ports: portsOf(service),
    exportTo: annotations?.["networking.istio.io/exportTo"],
    base,
    rule,
  };
}

/** Whether a host, as an object of this namespace writes it, is that of the Service. */
function names(host: string, namespace: string, service: KubeObject): boolean {
  const full = (text: string, where: string): string => fullHost(text, where, defaultMeshNames);
  return full(host, namespace) === full(service.metadata.name, namespaceOf(service));
}

function namespaceOf({ metadata: { namespace = "default" } }: KubeObject): string {
  return namespace;
}

function isRuleOf(object: KubeObject, service: KubeObject): object is DestinationRule {
  const host: unknown = Reflect.get(Object(object.spec), "host");
  return (
    object.kind === "DestinationRule" &&
    typeof host === "string" &&
    names(host, namespaceOf(object), service)
  );
}

/** The ports that carry HTTP: by their name or application protocol, as Istio decides. */
function portsOf({ object, at }: FileObject): MeshService["ports"] {
  const listed: unknown = Reflect.get(Object(object.spec), "ports");
  const ports = (Array.isArray(listed) ? listed : []).flatMap(httpPort);
  if (ports.length > 0) return ports;
  throw invalid(
    `${at}: Service ${object.metadata.name} has no HTTP port: name one http or http-..., or set its appProtocol`,
  );
}

function httpPort(port: unknown): MeshService["ports"] {
  const field = (name: string): unknown => Reflect.get(Object(port), name);
  const number = field("port");
  const name = field("name");
  const appProtocol = field("appProtocol");
  const target = field("targetPort");
  if (typeof number !== "number" || !isHttpPort({ name, appProtocol })) return [];
  return [
    {
      number,
      name: typeof name === "string" ? name : "",
      ...(typeof target === "number" || typeof target === "string" ? { targetPort: target } : {}),
      ...(typeof appProtocol === "string" ? { appProtocol } : {}),
    },
  ];
}
