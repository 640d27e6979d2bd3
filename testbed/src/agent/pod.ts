import { z } from "zod";
import { apiServer } from "../inside/addresses.ts";

/** What the API server adds to every pod that wants an account: a token, the authority of the API, the namespace. */
const projectedVolume = z.object({
  sources: z.array(
    z.object({
      serviceAccountToken: z
        .object({ path: z.string(), expirationSeconds: z.number().optional() })
        .optional(),
      configMap: z
        .object({
          name: z.string(),
          items: z.array(z.object({ key: z.string(), path: z.string() })).default([]),
        })
        .optional(),
      downwardAPI: z
        .object({
          items: z.array(
            z.object({ path: z.string(), fieldRef: z.object({ fieldPath: z.string() }) }),
          ),
        })
        .optional(),
    }),
  ),
});

/** The part of a Pod that the agent reads. */
const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.string() }) }).optional(),
      }),
    )
    .optional(),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  readinessProbe: z
    .object({
      httpGet: z
        .object({ path: z.string().default("/"), port: z.union([z.number(), z.string()]) })
        .optional(),
    })
    .optional(),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
});

const volume = z.object({ name: z.string(), projected: projectedVolume.optional() });

export const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(container).min(1),
    volumes: z.array(volume).default([]),
    serviceAccountName: z.string().default("default"),
    terminationGracePeriodSeconds: z.number().default(30),
  }),
});

export const podList = z.object({ items: z.array(podSchema) });
export const namespaceList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    }),
  ),
});

export type Pod = z.infer<typeof podSchema>;
export type Container = z.infer<typeof container>;
export type ProjectedVolume = z.infer<typeof projectedVolume>;

/** As Istio's webhook decides: the namespace asks for sidecars, and a pod may refuse. */
export function wantsSidecar(pod: Pod, namespaceLabels: Readonly<Record<string, string>>): boolean {
  const refused = pod.metadata.labels["sidecar.istio.io/inject"] === "false";
  return namespaceLabels["istio-injection"] === "enabled" && !refused;
}

/** A field of the downward API, as far as pods here use it; empty for another. */
export function fieldOf({ metadata }: Pod, path: string, ip = ""): string {
  const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
  if (label !== undefined) return metadata.labels[label] ?? "";
  const { name, namespace } = metadata;
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": name,
    "metadata.namespace": namespace,
    "status.podIP": ip,
  };
  return fields[path] ?? "";
}

/** A container's environment. Service addresses lead nowhere here, so the API is at that of its server. */
export function environmentOf(
  pod: Pod,
  { env = [] }: Container,
  ip: string,
): Record<string, string> {
  const entries = env.map(({ name, value, valueFrom }): [string, string] => {
    const path = valueFrom?.fieldRef.fieldPath;
    return [name, path === undefined ? (value ?? "") : fieldOf(pod, path, ip)];
  });
  const { hostname, port } = new URL(apiServer);
  const api = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  return { POD_IP: ip, ...api, ...Object.fromEntries(entries) };
}

/** Where the readiness of a container is asked for. */
export function probeOf({ readinessProbe, ports }: Container, ip: string): string | undefined {
  const get = readinessProbe?.httpGet;
  if (get === undefined) return undefined;
  const named = ports.find(({ name }) => name === get.port)?.containerPort;
  return `http://${ip}:${named ?? get.port}${get.path}`;
}
