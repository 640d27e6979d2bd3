import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, type KubeObject, listObjects, patchObject } from "@cocktail/kubernetes";
import { definitions, environments, serviceVariants } from "@cocktail/operator/testing";
import { until } from "@cocktail/test-support";
import type { Cluster, TestObject } from "@cocktail/testbed";
import { parse } from "yaml";
import { fieldManager } from "./kube.ts";
import { root } from "./shell.ts";

/** Cocktail's own CustomResourceDefinitions, as the chart has them. */
export async function applyOwnDefinitions(cluster: Cluster): Promise<void> {
  const files = Object.keys(definitions);
  await cluster.apply(
    ...files.map(
      (file) => parse(readFileSync(join(root, "charts/cocktail/crds", file), "utf8")) as TestObject,
    ),
  );
  for (const plural of files.map((file) => file.split(".")[0]))
    await until(`${plural} to be served`, async () => {
      const { status } = await cluster.api.raw("GET", `/apis/cocktail.dev/v1alpha1/${plural}`);
      return status === 200;
    });
}

/** Removes the finalizers of all that tests left in a namespace: it would wait for them forever. */
export async function letGo(api: Api, namespace: string): Promise<void> {
  for (const resource of [serviceVariants, environments]) {
    const isHeld = ({ metadata }: KubeObject): boolean => metadata.finalizers !== undefined;
    for (const { metadata } of (await listObjects(api, resource, { namespace })).items.filter(
      isHeld,
    ))
      await patchObject(
        api,
        resource,
        { ...metadata, steps: [{ op: "remove", path: "/metadata/finalizers" }] },
        { fieldManager },
      );
  }
}
