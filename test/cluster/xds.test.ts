import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultMeshNames, renderMeshFilter, renderTableForm } from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
import {
  appPort,
  type Cluster,
  connect,
  deployment,
  isOwnCluster,
  meshNamespace,
  service,
  type TestPod,
  xds,
} from "@cocktail/testbed";
import { XdsWatch } from "@cocktail/xds";
import { hostOf, meshService, toTestObjects } from "./support/mesh-objects.ts";

const namespace = "xds";
const name = "payment-service";
const key = "mp-101";

const live = { incarnation: 1, revision: "abc1234", onUnavailable: "Fail" } as const;
const tableOf = (epoch: number, ...branches: readonly string[]): RouteTable => ({
  epoch,
  tag: "0a1b2c3d",
  resolver: 1,
  historyFloor: 0,
  services: {
    [name]: {
      stable: { ...live, tier: "stable" },
      ...Object.fromEntries(
        branches.map((branch) => [branch, { ...live, tier: "branch" } as const]),
      ),
    },
  },
  environments: {},
});

describe(
  "what istiod pushed",
  { skip: isOwnCluster && "istiod's port is inside of the testbed" },
  () => {
    let cluster: Cluster;
    let caller: TestPod;
    let branch: TestPod;
    const stop = new AbortController();
    const subset = `outbound|${appPort}|${key}|${hostOf(`${name}-variants`, namespace)}`;
    const watch = new XdsWatch({
      address: `${xds.host}:${xds.port}`,
      node: { namespace, name: "watch", ip: "10.244.255.1" },
      names: { routes: [String(appPort)], endpoints: [subset] },
    });
    const running = watch.run(stop.signal);
    const deadline = (): AbortSignal => AbortSignal.timeout(30_000);

    before(async () => {
      cluster = connect();
      await cluster.apply(meshNamespace(namespace));
      for (const one of ["caller", name])
        await cluster.apply(
          deployment({ namespace, service: one }),
          service({ namespace, service: one }),
        );
      await cluster.apply(deployment({ namespace, service: name, variant: key }));
      await cluster.apply(...toTestObjects([renderMeshFilter(defaultMeshNames)]));
      [caller] = (await cluster.readyPods(namespace, "app=caller")) as [TestPod];
      await cluster.readyPods(namespace, `app=${name}`);
      [branch] = (await cluster.readyPods(namespace, `cocktail.dev/variant=${key}`)) as [TestPod];
    });
    after(async () => {
      stop.abort();
      await running;
      await cluster.remove(meshNamespace(namespace));
    });

    async function write(
      table: RouteTable,
      isWanted = (_kind: string): boolean => true,
    ): Promise<void> {
      const one = meshService(name, namespace);
      const objects = [one.base, ...renderTableForm(one, table, defaultMeshNames)];
      await cluster.apply(...toTestObjects(objects.filter(({ kind }) => isWanted(kind))));
    }

    async function servedBy(): Promise<string> {
      const headers = ["x-service-route", `${name}:${key}`];
      const order = { host: hostOf(name, namespace), port: appPort, path: "/", headers };
      const [answer] = await cluster.send(caller, [order]);
      return answer?.status === 200
        ? (JSON.parse(answer.body) as { served: string }).served
        : String(answer?.status);
    }

    test("a branch is born without a 503: its endpoint is seen before the table is written, and the table when it is in force", async (t) => {
      // Everything but the table, so that the cluster is there with its endpoint.
      await write(tableOf(1, key), (kind) => kind !== "EnvoyFilter");
      await watch.until((seen) => seen.isHealthy(subset, branch.ip), deadline());
      assert.ok(watch.snapshot.contains("clusters", subset));
      const seen: string[] = [];
      const asking = (async () => {
        while (seen.at(-1) !== `${name}:${key}`) seen.push(await servedBy());
      })();
      const from = performance.now();
      await write(tableOf(2, key));
      await watch.until((now) => now.contains("routes", "-- table 2-0a1b2c3d"), deadline());
      t.diagnostic(`the table was seen ${Math.round(performance.now() - from)} ms after the write`);
      await asking;
      assert.deepEqual(
        seen.filter((served) => ![`${name}:stable`, `${name}:${key}`].includes(served)),
        [],
      );
    });

    test("a table without the branch is seen, and the next request reaches stable", async () => {
      await write(tableOf(3));
      await watch.until((seen) => seen.contains("routes", "-- table 3-0a1b2c3d"), deadline());
      assert.ok(!watch.snapshot.contains("routes", "-- table 2-0a1b2c3d"));
      const signal = deadline();
      // A sidecar has it some milliseconds later.
      while ((await servedBy()) !== `${name}:stable`) signal.throwIfAborted();
    });
  },
);
