import { type Fields, fieldsOf, isFields, listOf, textsOf } from "../fields.ts";
import { isHttpPort } from "../lint/service.ts";
import { delegateRouteName } from "./chart.ts";
import { fullHost, type MeshNames } from "./names.ts";
import type {
  DestinationRule,
  KubeObject,
  MeshService,
  ServicePort,
  VirtualService,
} from "./objects.ts";

/** Why a VirtualService with the delegate line is of no service. */
export interface ServiceFault {
  readonly object: KubeObject;
  readonly message: string;
}

export interface FoundServices {
  /** In the order of their VirtualServices. */
  readonly services: readonly MeshService[];
  readonly faults: readonly ServiceFault[];
}

/**
 * The services that these objects describe: a VirtualService with the delegate line, the Service of its host and, if there is one, the
 * DestinationRule of that host. Other objects are passed over. Of two VirtualServices for one service the first counts.
 */
export function findServices(objects: readonly KubeObject[], names: MeshNames): FoundServices {
  const services = new Map(ofKind(objects, "Service").map((one) => [ownHost(one, names), one]));
  const rules = new Map(objects.filter(isRule).map((one) => [hostOfRule(one, names), one]));
  const found = new Map<string, MeshService>();
  const faults: ServiceFault[] = [];
  for (const base of objects.filter(isVirtualService).filter(hasDelegateLine)) {
    const hosts = textsOf(base.spec.hosts).map((one) => fullHost(one, namespaceOf(base), names));
    const service = hosts.map((host) => services.get(host)).find((one) => one !== undefined);
    const answer =
      service === undefined
        ? `no Service of the host ${textsOf(base.spec.hosts).join(", ")}, whose ports are needed`
        : meshService(base, service, rules.get(ownHost(service, names)));
    if (typeof answer === "string") faults.push({ object: service ?? base, message: answer });
    else if (found.has(answer.name))
      faults.push({ object: base, message: `another VirtualService is of ${answer.name} too` });
    else found.set(answer.name, answer);
  }
  return { services: [...found.values()], faults };
}

export function isVirtualService(object: KubeObject): object is VirtualService {
  return object.kind === "VirtualService" && Array.isArray(fieldsOf(object.spec)["http"]);
}

export function hasDelegateLine({ spec }: VirtualService): boolean {
  return listOf(spec.http).some(
    ({ name, delegate }) => name === delegateRouteName && delegate !== undefined,
  );
}

/** A text says what is missing. */
function meshService(
  base: VirtualService,
  service: KubeObject,
  rule: DestinationRule | undefined,
): MeshService | string {
  const { name, annotations } = service.metadata;
  const ports = listOf(fieldsOf(service.spec)["ports"]).flatMap(httpPort);
  if (ports.length === 0)
    return `Service ${name} has no HTTP port: name one http or http-..., or set its appProtocol`;
  const exportTo = annotations?.["networking.istio.io/exportTo"];
  return { name, namespace: namespaceOf(service), ports, exportTo, base, rule };
}

function isRule(object: KubeObject): object is DestinationRule {
  return object.kind === "DestinationRule" && isFields(object.spec);
}

function ofKind(objects: readonly KubeObject[], kind: string): readonly KubeObject[] {
  return objects.filter((one) => one.kind === kind);
}

function ownHost(service: KubeObject, names: MeshNames): string {
  return fullHost(service.metadata.name, namespaceOf(service), names);
}

function hostOfRule(rule: KubeObject, names: MeshNames): string {
  const host = fieldsOf(rule.spec)["host"];
  return typeof host === "string" ? fullHost(host, namespaceOf(rule), names) : "";
}

function namespaceOf({ metadata: { namespace = "default" } }: KubeObject): string {
  return namespace;
}

/** A port that carries HTTP: by its name or application protocol, as Istio decides. */
function httpPort(port: Fields): readonly ServicePort[] {
  const { port: number, name, appProtocol, targetPort } = port;
  if (typeof number !== "number" || !isHttpPort(port)) return [];
  return [
    {
      number,
      name: typeof name === "string" ? name : "",
      ...(typeof targetPort === "number" || typeof targetPort === "string" ? { targetPort } : {}),
      ...(typeof appProtocol === "string" ? { appProtocol } : {}),
    },
  ];
}
