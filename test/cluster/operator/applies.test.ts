import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { getObject, type HttpApi, type KubeObject } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Cluster, connect, meshNamespace } from "@cocktail/testbed";
import { type Helm, openHelm } from "../support/helm.ts";
import { realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { podlessService } from "../support/merge-fixtures.ts";
import {
  applyDefinitions,
  branchMerge,
  merged,
  routeNames,
  startOperator,
  virtualServices,
} from "../support/merges.ts";
import { shell } from "../support/shell.ts";

const namespace = "merge-applies";
const chart = join(import.meta.dirname, "__fixtures__/service-chart");

/** The table in docs/guides/virtual-service-merge.md, as far as it is about tools that are here. */
describe("an apply of a service's own chart over merged routes", () => {
  let api: HttpApi;
  let cluster: Cluster;
  let helm: Helm;
  let operator: LinesProcess;
  let directory = "";
  /** Another service for each test. */
  let name = "";
  let services = 0;

  before(async () => {
    api = realApi();
    cluster = connect();
    helm = await openHelm();
    directory = await mkdtemp(join(tmpdir(), "applies-"));
    await cluster.apply(meshNamespace(namespace));
    await applyDefinitions(cluster);
    await cluster.apply(podlessService(namespace, "stable"), podlessService(namespace, "branch"));
    operator = startOperator([namespace], { words: ["--batch-ms=0"] });
    await operator.says(/"msg":"leads"/);
  });
  after(async () => {
    // All finalizers are taken off by it.
    await shell(`kubectl delete -n ${namespace} virtualservicemerges.istiomerge.monime.sl --all`);
    operator.signal("SIGTERM");
    await operator.exited;
    await cluster.remove(meshNamespace(namespace));
    await rm(directory, { recursive: true });
    await helm[Symbol.asyncDispose]();
    await api.close();
  });

  beforeEach(() => {
    name = `service-${services++}`;
  });

  const read = (): Promise<KubeObject | undefined> =>
    getObject(api, virtualServices, { namespace, name });
  const generation = async (): Promise<unknown> => (await read())?.metadata.generation;

  async function merge(): Promise<void> {
    await cluster.apply(
      branchMerge(namespace, name, { target: { name }, key: "a", host: "branch" }),
    );
    await merged(api, { namespace, name });
  }
  /** The chart's routes with this timeout, and the merged one before them. */
  const restored = (timeout: string): Promise<unknown> =>
    until(`both routes, with ${timeout}`, async () => {
      const object = await read();
      return (
        routeNames(object).length === 2 && JSON.stringify(object).includes(`"timeout":"${timeout}"`)
      );
    });
  async function manifest(values = ""): Promise<string> {
    const file = join(directory, `${name}.yaml`);
    await writeFile(file, await helm(`template ${name} ${chart} ${values}`));
    return `-n ${namespace} -f ${file}`;
  }
  test("Helm 4: replaced each time, without a conflict", async () => {
    await helm(`install ${name} ${chart} -n ${namespace}`);
    await merge();
    for (const timeout of ["2s", "2s", "3s"]) {
      await helm(`upgrade ${name} ${chart} -n ${namespace} --set timeout=${timeout}`);
      await restored(timeout);
    }
  });

  test("Helm without server-side apply: replaced only where the chart's routes changed", async () => {
    await helm(`install ${name} ${chart} -n ${namespace} --server-side=false`);
    await merge();
    const before = await generation();
    await helm(`upgrade ${name} ${chart} -n ${namespace} --server-side=false --set build=2`);
    // Its labels alone, then: a write of the routes, and another one by the operator, would be new generations.
    assert.equal((await read())?.metadata.labels?.["build"], "2");
    assert.equal(await generation(), before);
    await helm(`upgrade ${name} ${chart} -n ${namespace} --server-side=false --set timeout=2s`);
    await restored("2s");
  });

  test("kubectl apply: replaced each time", async () => {
    const words = await manifest();
    await shell(`kubectl apply ${words}`);
    await merge();
    const before = await generation();
    await shell(`kubectl apply ${words}`);
    assert.notEqual(await generation(), before);
    await restored("1s");
  });

  test("kubectl apply --server-side: replaced each time, without a conflict", async () => {
    await shell(`kubectl apply --server-side ${await manifest()}`);
    await merge();
    await shell(`kubectl apply --server-side ${await manifest("--set timeout=2s")}`);
    await restored("2s");
  });
});
