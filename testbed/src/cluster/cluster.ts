import { readFileSync } from "node:fs";
import { until } from "@cocktail/test-support";
import { parse } from "yaml";
import { z } from "zod";
import type { Answer, Order } from "../../app/calls.ts";
import { type KubeApi, kubeApi, serverSideApply } from "../inside/kube-api.ts";
import { appPort, type TestObject } from "./apps.ts";

const kubeconfigSchema = z.object({
  clusters: z
    .array(
      z.object({
        cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }),
      }),
    )
    .min(1),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })).min(1),
});

const podSchema = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
  status: z.object({
    podIP: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

const answersSchema = z.array(
  z.object({
    status: z.number(),
    headers: z.array(z.string()),
    body: z.string(),
    error: z.string().optional(),
  }),
);

export interface TestPod {
  readonly name: string;
  readonly ip: string;
}

/** The testbed that this process runs in. */
export interface Cluster {
  readonly api: KubeApi;
  /** Server-side apply, one after another. Throws what the API answers, admission webhooks included. */
  apply(...objects: readonly TestObject[]): Promise<void>;
  /** Deletes, and returns without waiting. What is not there is deleted already. */
  remove(...objects: readonly TestObject[]): Promise<void>;
  /** Waits until exactly `count` pods of the labels are there and ready. */
  readyPods(namespace: string, selector: string, count?: number): Promise<readonly TestPod[]>;
  /** Sends requests from inside a pod, through its sidecar. */
  send(from: TestPod, orders: readonly Order[]): Promise<readonly Answer[]>;
}

export function connect(kubeconfig = process.env["KUBECONFIG"]): Cluster {
  if (kubeconfig === undefined)
    throw new Error("no KUBECONFIG: run this inside a testbed, with npm run testbed -- run");
  const config = kubeconfigSchema.parse(parse(readFileSync(kubeconfig, "utf8")));
  const { server, "certificate-authority-data": ca = "" } = config.clusters[0]?.cluster ?? {};
  const token = config.users[0]?.user.token ?? "";
  const api = kubeApi(server ?? "", Buffer.from(ca, "base64").toString("utf8"), token);
  return {
    api,
    apply: async (...objects) => {
      for (const object of objects)
        await api.call(
          "PATCH",
          `${pathOf(object)}?fieldManager=test&force=true`,
          object,
          serverSideApply,
        );
    },
    remove: async (...objects) => {
      for (const object of objects) await api.raw("DELETE", pathOf(object));
    },
    readyPods: (namespace, selector, count = 1) => readyPods(api, namespace, selector, count),
    send,
  };
}

async function readyPods(
  api: KubeApi,
  namespace: string,
  selector: string,
  count: number,
): Promise<readonly TestPod[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
  return await until(
    `${count} ready pods of ${selector} in ${namespace}`,
    async () => {
      const { items } = z.object({ items: z.array(podSchema) }).parse(await api.call("GET", path));
      const ready = items.flatMap(({ metadata, status }) => {
        const isReady = status.conditions.some(
          (one) => one.type === "Ready" && one.status === "True",
        );
        return isReady && status.podIP !== undefined && metadata.deletionTimestamp === undefined
          ? [{ name: metadata.name, ip: status.podIP }]
          : [];
      });
      return ready.length === count && items.length === count ? ready : undefined;
    },
    { ms: 60_000, everyMs: 100 },
  );
}

async function send(from: TestPod, orders: readonly Order[]): Promise<readonly Answer[]> {
  const url = `http://${from.ip}:${appPort}/send`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(orders) });
  if (!response.ok) throw new Error(`${from.name}: ${response.status} ${await response.text()}`);
  return answersSchema.parse(await response.json());
}

const clusterWide = new Set([
  "Namespace",
  "Node",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleBinding",
]);

/** The path of an object in the API. */
function pathOf({ apiVersion, kind, metadata: { name, namespace } }: TestObject): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = `${kind.toLowerCase()}s`;
  const scope = clusterWide.has(kind) ? "" : `/namespaces/${namespace ?? "default"}`;
  return `${group}${scope}/${plural}/${name}`;
}
