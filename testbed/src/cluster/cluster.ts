import { ApiError, HttpApi, KubeConfig } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { z } from "zod";
import type { Answer, Order } from "../../app/calls.ts";
import { type KubeApi, serverSideApply } from "../inside/kube-api.ts";
import { appPort, type TestObject } from "./apps.ts";

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
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
}

/** The cluster of the kubeconfig: the testbed that this process runs in, or any other one with Istio. */
export interface Cluster {
  readonly api: Pick<KubeApi, "raw" | "call">;
  /** Server-side apply, one after another. Throws what the API answers, admission webhooks included. */
  apply(...objects: readonly TestObject[]): Promise<void>;
  /** Deletes, and returns without waiting. What is not there is deleted already. */
  remove(...objects: readonly TestObject[]): Promise<void>;
  /** Waits until exactly `count` pods of the labels are there and ready. */
  readyPods(namespace: string, selector: string, count?: number): Promise<readonly TestPod[]>;
  /** Sends requests from inside a pod, through its sidecar. */
  send(from: TestPod, orders: readonly Order[]): Promise<readonly Answer[]>;
}

/** Whether the tests run against a cluster of the user's, where nothing but its API can be reached. */
export const isOwnCluster = process.env["COCKTAIL_KUBECONFIG"] !== undefined;

export function connect(kubeconfig = process.env["KUBECONFIG"]): Cluster {
  if (kubeconfig === undefined)
    throw new Error("no KUBECONFIG: run this inside a testbed, with npm run testbed -- run");
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const http = new HttpApi({ config, userAgent: "test" });
  const api = callsOf(http);
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
    send: async (pod, orders) =>
      answersSchema.parse(
        await (isOwnCluster ? throughApi(api, pod, orders) : direct(pod, orders)),
      ),
  };
}

async function direct({ name, ip }: TestPod, orders: readonly Order[]): Promise<unknown> {
  const url = `http://${ip}:${appPort}/send`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(orders) });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return await response.json();
}

/** Pods of another cluster have no address here. The API server may end a connection in between, and a POST is not repeated. */
async function throughApi(
  api: Cluster["api"],
  { namespace, name }: TestPod,
  orders: readonly Order[],
): Promise<unknown> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:${appPort}/proxy/send`;
  return await api.call("POST", path, orders);
}

function callsOf(http: HttpApi): Cluster["api"] {
  const call: KubeApi["call"] = async (method, url, body, contentType) => {
    const { pathname: path, searchParams } = new URL(url, "https://api");
    return await http.request({
      method,
      path,
      query: Object.fromEntries(searchParams),
      body,
      contentType,
      timeoutMs: 120_000,
    });
  };
  const raw: KubeApi["raw"] = async (...request) => {
    try {
      return { status: 200, body: await call(...request) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, body: { message: error.message } };
    }
  };
  return { raw, call };
}

async function readyPods(
  api: Cluster["api"],
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
          ? [{ namespace, name: metadata.name, ip: status.podIP }]
          : [];
      });
      return ready.length === count && items.length === count ? ready : undefined;
    },
    { ms: 60_000, everyMs: 100 },
  );
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
