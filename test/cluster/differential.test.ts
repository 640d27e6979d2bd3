import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as fc from "fast-check";
import {
  defaultMeshNames,
  type KubeObject,
  renderMeshFilter,
  renderTableForm,
} from "@cocktail/mesh";
import { formatTableId, type RouteTable } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import {
  type Answer,
  appPort,
  type Cluster,
  connect,
  deployment,
  meshNamespace,
  service,
  type TestPod,
} from "@cocktail/testbed";
import { expectedCluster } from "../../packages/mesh/test/expected.ts";
import { type HeaderLines, keys, requests, tables } from "../../packages/mesh/test/requests.ts";
import { hostOf, meshService, toTestObjects } from "./support/mesh-objects.ts";

/*
 * Random tables and hostile requests, answered by a real Envoy that a real istiod configured, against `resolve`. Branches have no pods: the
 * 503 names the cluster that was chosen. COCKTAIL_TEST_DIFFERENTIAL=500000 asks more, COCKTAIL_TEST_SEED=N asks others.
 */
const wanted = Number(process.env["COCKTAIL_TEST_DIFFERENTIAL"] ?? "20000");
const seed = Number(process.env["COCKTAIL_TEST_SEED"] ?? String(Date.now() % 1e9));
const perTable = 250;
const namespace = "differential";
/** Of the corpus, those that a Service can be called. */
const targets = ["payment-service", "a", "constructor"] as const;

const chosen = {
  of: (key: string): string => key,
  none: "none",
  strict: "strict",
};

/** Which variant an answer says was chosen. */
function chosenBy({ status, body }: Answer): string {
  if (status === 200) return (JSON.parse(body) as { served: string }).served.split(":")[1] ?? "";
  if (status === 424) return chosen.strict;
  const cluster = /"cluster":"outbound\|8080\|([-a-z0-9]+)\|/.exec(body)?.[1];
  return cluster ?? (status === 503 && body === "" ? chosen.none : `${status} ${body}`);
}

/** A service that the mesh routes has a chart, so that its stable variant is always live. */
function withStable(table: RouteTable): RouteTable {
  const stable = {
    incarnation: 1,
    tier: "stable",
    revision: "abc1234",
    onUnavailable: "Fail",
  } as const;
  const live = targets.map((name) => [name, { ...table.services[name], stable }] as const);
  return { ...table, services: { ...table.services, ...Object.fromEntries(live) } };
}

const branchKeys = keys.filter((key) => key !== "stable");
const branch = {
  incarnation: 1,
  tier: "branch",
  revision: "abc1234",
  onUnavailable: "Fail",
} as const;
const tableOfAllKeys: RouteTable = {
  epoch: 0,
  tag: "00000000",
  resolver: 1,
  historyFloor: 0,
  services: Object.fromEntries(
    targets.map((name) => [name, Object.fromEntries(branchKeys.map((key) => [key, branch]))]),
  ),
  environments: {},
};

interface Asked {
  readonly target: string;
  readonly request: HeaderLines;
}

describe("a real Envoy answers as resolve does", () => {
  let cluster: Cluster;
  let caller: TestPod;

  before(async () => {
    cluster = connect();
    await cluster.apply(
      meshNamespace(namespace),
      ...toTestObjects([renderMeshFilter(defaultMeshNames)]),
    );
    for (const name of ["caller", ...targets]) {
      const stable = { namespace, service: name };
      await cluster.apply(deployment(stable), service(stable));
    }
    // The clusters of all keys are there before any table names one, as they must be for requests not to fail.
    const all = withStable(tableOfAllKeys);
    for (const name of targets) {
      const one = meshService(name, namespace);
      const objects = [one.base, ...renderTableForm(one, all, defaultMeshNames)];
      await cluster.apply(...toTestObjects(objects.filter(({ kind }) => kind !== "EnvoyFilter")));
    }
    [caller] = (await cluster.readyPods(namespace, "app=caller")) as [TestPod];
    for (const name of targets) await cluster.readyPods(namespace, `app=${name}`);
    await until("the clusters of all keys at the caller", hasAllClusters, {
      ms: 30_000,
      everyMs: 50,
    });
  });
  after(async () => {
    await cluster.remove(meshNamespace(namespace));
  });

  async function hasAllClusters(): Promise<boolean> {
    const text = await (await fetch(`http://${caller.ip}:15000/clusters`)).text();
    const names = targets.flatMap((name) =>
      branchKeys.map(
        (key) => `outbound|${appPort}|${key}|${hostOf(`${name}-variants`, namespace)}`,
      ),
    );
    return names.every((name) => text.includes(`${name}::`));
  }

  /** Puts a table in force for all targets at the caller. `plant` may spoil what is written. */
  async function publish(
    table: RouteTable,
    plant = (one: KubeObject): KubeObject => one,
  ): Promise<void> {
    for (const name of targets) {
      const objects = renderTableForm(meshService(name, namespace), table, defaultMeshNames);
      const filters = objects.filter(({ kind }) => kind === "EnvoyFilter");
      await cluster.apply(...toTestObjects(filters.map(plant)));
    }
    const marker = `-- table ${formatTableId(table)}\\n`;
    await until(
      `the table ${formatTableId(table)} of ${targets.length} services at the caller`,
      async () => {
        const dump = `http://${caller.ip}:15000/config_dump?resource=dynamic_route_configs`;
        const text = await (await fetch(dump)).text();
        // Once for each header that can carry a route.
        return text.split(marker).length - 1 === 3 * targets.length;
      },
      { ms: 30_000, everyMs: 25 },
    );
  }

  async function differences(
    table: RouteTable,
    asked: readonly Asked[],
  ): Promise<readonly object[]> {
    const orders = asked.map(({ target, request }) => ({
      host: hostOf(target, namespace),
      port: appPort,
      headers: request.flat(),
    }));
    const answers = await cluster.send(caller, orders);
    return asked.flatMap(({ target, request }, at) => {
      const answer = answers[at];
      assert.ok(answer);
      const expected = expectedCluster(table, target, request, chosen);
      const actual = chosenBy(answer);
      return actual === expected
        ? []
        : [{ target, request, expected, actual, error: answer.error }];
    });
  }

  const askedOf = fc.array(fc.record({ target: fc.constantFrom(...targets), request: requests }), {
    minLength: perTable,
    maxLength: perTable,
  });

  test(`${wanted} requests, no difference`, async () => {
    const rounds = fc.sample(fc.tuple(tables, askedOf), {
      seed,
      numRuns: Math.ceil(wanted / perTable),
    });
    const answered = new Map<string, number>();
    for (const [at, [drawn, asked]] of rounds.entries()) {
      const table = withStable({ ...drawn, epoch: at + 1 });
      await publish(table);
      const different = await differences(table, asked);
      assert.deepEqual(different, [], `seed ${seed}, table ${JSON.stringify(table)}`);
      for (const { target, request } of asked) {
        const kind = expectedCluster(table, target, request, chosen);
        answered.set(kind, (answered.get(kind) ?? 0) + 1);
      }
    }
    // A corpus that only ever reaches stable would prove nothing.
    for (const kind of ["stable", "strict", "mp-101", "mp-1012"])
      assert.ok((answered.get(kind) ?? 0) > wanted / 1000, `${kind}: ${answered.get(kind) ?? 0}`);
  });

  test("a fault in the table is noticed", async () => {
    const [drawn, asked] =
      fc
        .sample(fc.tuple(tables, askedOf), { seed: 7, numRuns: 20 })
        .find(([table]) => Object.keys(table.services["payment-service"] ?? {}).length > 3) ??
      assert.fail("no table with four variants");
    const table = withStable({ ...drawn, epoch: 1_000_000 });
    const from = "if key and V[key] then return cluster_of(key) end";
    await publish(table, (one) => {
      const text = JSON.stringify(one);
      assert.ok(text.includes(from));
      return JSON.parse(text.replaceAll(from, "")) as KubeObject;
    });
    assert.notDeepEqual(await differences(table, asked), []);
  });
});
