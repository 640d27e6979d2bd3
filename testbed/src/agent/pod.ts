import { z } from "zod";

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
  readinessProbe: z
    .object({
      httpGet: z.object({ path: z.string().default("/"), port: z.number() }).optional(),
    })
    .optional(),
});

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

/** As Istio's webhook decides: the namespace asks for sidecars, and a pod may refuse. */
export function wantsSidecar(pod: Pod, namespaceLabels: Readonly<Record<string, string>>): boolean {
  const refused = pod.metadata.labels["sidecar.istio.io/inject"] === "false";
  return namespaceLabels["istio-injection"] === "enabled" && !refused;
}

/** A container's environment, with the fields of the downward API that tests use. */
export function environmentOf(
  pod: Pod,
  { env = [] }: Container,
  ip: string,
): Record<string, string> {
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "status.podIP": ip,
  };
  const entries = env.map(({ name, value, valueFrom }): [string, string] => {
    const path = valueFrom?.fieldRef.fieldPath;
    if (path === undefined) return [name, value ?? ""];
    const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
    const found = label === undefined ? fields[path] : pod.metadata.labels[label];
    return [name, found ?? ""];
  });
  return { POD_IP: ip, ...Object.fromEntries(entries) };
}
