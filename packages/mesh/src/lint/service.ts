import { fieldsOf, listOf } from "../fields.ts";
import type { KubeObject } from "../istio/objects.ts";
import { type Finding, formatObject } from "./finding.ts";

const httpProtocols = ["http", "http2", "grpc", "grpc-web"];
const httpAppProtocols = [...httpProtocols, "kubernetes.io/h2c", "kubernetes.io/ws"];
const otherProtocols = ["https", "tls", "tcp", "udp", "mongo", "mysql", "redis"];

/** Only requests to HTTP ports are routed. A port that declares another protocol is meant so; a Service without an HTTP port isn't. */
export function lintService(service: KubeObject): readonly Finding[] {
  const ports = listOf(fieldsOf(service.spec)["ports"]);
  const hasHttp = ports.some(isHttpPort);
  return ports.flatMap((port, at): Finding[] => {
    const isMeant = isOf(port, otherProtocols) || port["protocol"] === "UDP";
    if (isHttpPort(port) || (hasHttp && isMeant)) return [];
    const what = typeof port["name"] === "string" ? `named ${port["name"]}` : "without a name";
    return [
      {
        object: formatObject(service),
        path: `spec.ports[${at}].name`,
        reason: "PortNotHttp",
        message: `The port is ${what}, so that the mesh may not route its requests: name it http, or http-something, or set appProtocol to http.`,
      },
    ];
  });
}

/** Whether the mesh routes requests to a port of a Service by their content: its appProtocol decides, else its name. */
export function isHttpPort(port: ReturnType<typeof fieldsOf>): boolean {
  return isOf(port, httpProtocols);
}

function isOf(
  { name, appProtocol }: ReturnType<typeof fieldsOf>,
  protocols: readonly string[],
): boolean {
  if (typeof appProtocol === "string") {
    const known = protocols === httpProtocols ? httpAppProtocols : protocols;
    return known.includes(appProtocol.toLowerCase());
  }
  const text = typeof name === "string" ? name.toLowerCase() : "";
  return protocols.some((one) => text === one || text.startsWith(`${one}-`));
}
