import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, getObject, type KubeObject, type Resource } from "@cocktail/kubernetes";
import { mergeGroups } from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import type { Cluster, TestObject } from "@cocktail/testbed";
import { parse } from "yaml";
import { LinesProcess } from "./lines-process.ts";

const [upstream, deck] = mergeGroups.map((group): Resource => ({
  apiVersion: `${group}/v1alpha1`,
  kind: "VirtualServiceMerge",
  plural: "virtualservicemerges",
  isNamespaced: true,
})) as [Resource, Resource];
/** The kind in the group of the operator that is replaced, and in the other one. */
export const mergeKind = { upstream, deck };

export const virtualServices: Resource = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  plural: "virtualservices",
  isNamespaced: true,
};

const root = join(import.meta.dirname, "../../..");

/** The CustomResourceDefinitions as the chart has them. */
export async function applyDefinitions(cluster: Cluster): Promise<void> {
  const files = mergeGroups.map((group) => `virtualservicemerges.${group}.yaml`);
  const definitions = files.map(
    (file) => parse(readFileSync(join(root, "charts/cocktail/crds", file), "utf8")) as TestObject,
  );
  await cluster.apply(...definitions);
  for (const { apiVersion } of Object.values(mergeKind))
    await until(`${apiVersion} to be served`, async () => {
      const { status } = await cluster.api.raw("GET", `/apis/${apiVersion}/virtualservicemerges`);
      return status === 200;
    });
}

/** The operator as `npm run operator` starts it, for some namespaces; its lease is in the first one. */
export function startOperator(
  namespaces: readonly [string, ...string[]],
  {
    words = [],
    env,
  }: { readonly words?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): LinesProcess {
  const script = join(root, "apps/operator/src/main.ts");
  const own = ["--health=127.0.0.1:0", "--lease-seconds=3", `--lease-namespace=${namespaces[0]}`];
  return new LinesProcess(
    "the operator",
    script,
    [...own, ...words, "--namespaces", ...namespaces],
    env,
  );
}

/** A merge that routes `x-branch: KEY` of a target to a Service. */
export function branchMerge(
  namespace: string,
  name: string,
  { target, key, host }: { readonly target: object; readonly key: string; readonly host: string },
): TestObject {
  return {
    apiVersion: mergeKind.deck.apiVersion,
    kind: "VirtualServiceMerge",
    metadata: { namespace, name },
    spec: {
      target,
      patch: {
        http: [
          {
            match: [{ headers: { "x-branch": { exact: key } } }],
            route: [{ destination: { host } }],
          },
        ],
      },
    },
  };
}

/** The status and reason of each condition: `True Programmed`. */
export function conditionsOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const { conditions = [] } = (object?.["status"] ?? {}) as {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
  return Object.fromEntries(conditions.map((one) => [one.type, `${one.status} ${one.reason}`]));
}

/** Waits until a condition of a merge is so: `True Programmed`. */
export async function merged(
  api: Api,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { type = "Programmed", is = "True Programmed", kind = mergeKind.deck } = {},
): Promise<KubeObject> {
  let seen: KubeObject | undefined;
  return await until(
    `${type} of ${namespace}/${name} to be ${is}`,
    async () => {
      seen = await getObject(api, kind, { namespace, name });
      return conditionsOf(seen)[type] === is ? seen : undefined;
    },
    { ms: 30_000, everyMs: 50, seen: () => seen?.["status"] ?? "no status" },
  );
}

/** The names of the http routes of a VirtualService, in their order; `-` for those without. */
export function routeNames(object: KubeObject | undefined): readonly string[] {
  const { http = [] } = (object?.["spec"] ?? {}) as {
    readonly http?: readonly { readonly name?: string }[];
  };
  return http.map(({ name = "-" }) => name);
}
