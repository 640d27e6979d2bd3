import type { DestinationRule, KubeObject, MeshService, VirtualService } from "@cocktail/mesh";
import { type FileObject, invalid } from "./read-objects.ts";

/**
 * The services that these objects describe: a VirtualService with the delegate line, the Service of its host and, if there is one, the
 * DestinationRule of that host. Other objects are passed over. Throws a failure that names file and line.
 */
export function meshServices(objects: readonly FileObject[]): readonly MeshService[] {
  return objects.flatMap(({ object, at }) => {
    if (!isVirtualService(object)) return [];
    const name = delegatedService(object);
    if (name === undefined) return [];
    const namespace = object.metadata.namespace ?? "default";
    const service = objects.find(
      ({ object: other }) => other.kind === "Service" && isNamed(other, name, namespace),
    );
    if (service === undefined)
      throw invalid(`${at}: no Service ${namespace}/${name}, whose ports are needed; add its file`);
    const rule = objects.map((one) => one.object).find((one) => isRuleOf(one, name, namespace));
    return [{ name, namespace, ports: portsOf(service), base: object, rule }];
  });
}

export function isVirtualService(object: KubeObject): object is VirtualService {
  const http: unknown = Reflect.get(Object(object.spec), "http");
  return object.kind === "VirtualService" && Array.isArray(http);
}

/** `payment-service` where the delegate line names `payment-service-variants`. */
function delegatedService({ spec: { http = [] } }: VirtualService): string | undefined {
  const names = http.map(({ delegate }) => delegate?.name ?? "");
  return names.find((name) => name.endsWith("-variants"))?.replace(/-variants$/, "");
}

function isNamed({ metadata }: KubeObject, name: string, namespace: string): boolean {
  return metadata.name === name && (metadata.namespace ?? "default") === namespace;
}

function isRuleOf(object: KubeObject, name: string, namespace: string): object is DestinationRule {
  const host: unknown = Reflect.get(Object(object.spec), "host");
  const hosts = [name, `${name}.${namespace}.svc.cluster.local`];
  return object.kind === "DestinationRule" && hosts.includes(String(host));
}

/** The ports that carry HTTP: by their name or application protocol, as Istio decides. */
function portsOf({ object, at }: FileObject): MeshService["ports"] {
  const listed: unknown = Reflect.get(Object(object.spec), "ports");
  const ports = (Array.isArray(listed) ? listed : []).flatMap((port: unknown) => {
    const number: unknown = Reflect.get(Object(port), "port");
    const name = String(Reflect.get(Object(port), "name") ?? "");
    const protocol = String(Reflect.get(Object(port), "appProtocol") ?? name);
    return typeof number === "number" && /^(http|http2|grpc|grpc-web)(-|$)/.test(protocol)
      ? [{ number, name }]
      : [];
  });
  if (ports.length > 0) return ports;
  throw invalid(
    `${at}: Service ${object.metadata.name} has no HTTP port: name one http or http-..., or set its appProtocol`,
  );
}
