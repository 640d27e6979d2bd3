import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  defaultMeshNames,
  type KubeObject,
  type MeshNames,
  type MeshService,
  renderMeshFilter,
} from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
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
import { expectedCluster } from "../../../packages/mesh/test/expected.ts";
import { type HeaderLines, keys } from "../../../packages/mesh/test/requests.ts";
import { hostOf, meshService, toTestObjects } from "./mesh-objects.ts";

/** Of the corpus, those that a Service can be called. */
export const targets = ["payment-service", "a", "constructor"] as const;

/** A way to render a table, and how it is seen that a proxy has it. */
export interface Form {
  readonly namespace: string;
  readonly render: (
    service: MeshService,
    table: RouteTable,
    names: MeshNames,
  ) => readonly KubeObject[];
  /** The kind of object that a new table changes. */
  readonly kind: string;
  /** What is in the routes of a proxy that has the table, once for a service. */
  readonly marker: (table: RouteTable) => string;
}

export interface Asked {
  readonly target: string;
  readonly request: HeaderLines;
}

const chosen = {
  of: (key: string): string => key,
  none: "none",
  strict: "strict",
};

/** The key that `resolve` means, `strict`, or `none`. */
export function expectedKey(table: RouteTable, { target, request }: Asked): string {
  return expectedCluster(table, target, request, chosen);
}

/** Which variant an answer says was chosen. Branches have no pods: the 503 names the cluster. */
function chosenBy({ status, body }: Answer): string {
  if (status === 200) return (JSON.parse(body) as { served: string }).served.split(":")[1] ?? "";
  if (status === 424) return chosen.strict;
  const cluster = /"cluster":"outbound\|8080\|([-a-z0-9]+)\|/.exec(body)?.[1];
  return cluster ?? (status === 503 && body === "" ? chosen.none : `${status} ${body}`);
}

const variant = { incarnation: 1, revision: "abc1234", onUnavailable: "Fail" } as const;

/** A service that the mesh routes has a chart, so that its stable variant is always live. */
export function withStable(table: RouteTable): RouteTable {
  const stable = { ...variant, tier: "stable" } as const;
  const live = targets.map((name) => [name, { ...table.services[name], stable }] as const);
  return { ...table, services: { ...table.services, ...Object.fromEntries(live) } };
}

const branchKeys = keys.filter((key) => key !== "stable");
const tableOfAllKeys: RouteTable = {
  epoch: 0,
  tag: "00000000",
  resolver: 1,
  historyFloor: 0,
  services: Object.fromEntries(
    targets.map((name) => [
      name,
      Object.fromEntries(branchKeys.map((key) => [key, { ...variant, tier: "branch" } as const])),
    ]),
  ),
  environments: {},
};

/** Services in a namespace of a real mesh whose caller is asked to send requests. */
export class Differential {
  readonly #cluster: Cluster = connect();
  readonly #form: Form;
  #caller: TestPod | undefined;

  constructor(form: Form) {
    this.#form = form;
  }

  async open(): Promise<void> {
    const { namespace, render } = this.#form;
    const cluster = this.#cluster;
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
      const objects = [one.base, ...render(one, all, defaultMeshNames)];
      await cluster.apply(...toTestObjects(objects.filter(({ kind }) => kind !== "EnvoyFilter")));
    }
    [this.#caller] = await cluster.readyPods(namespace, "app=caller");
    for (const name of targets) await cluster.readyPods(namespace, `app=${name}`);
    await until("the clusters of all keys at the caller", () => this.#hasAllClusters(), {
      ms: 30_000,
      everyMs: 50,
    });
  }

  async close(): Promise<void> {
    const { namespace, render } = this.#form;
    const filters = targets.flatMap((name) =>
      render(meshService(name, namespace), withStable(tableOfAllKeys), defaultMeshNames).filter(
        ({ kind }) => kind === "EnvoyFilter",
      ),
    );
    await this.#cluster.remove(...toTestObjects(filters), meshNamespace(namespace));
  }

  /** Puts a table in force for all targets at the caller. `plant` may spoil what is written. */
  async publish(table: RouteTable, plant = (one: KubeObject): KubeObject => one): Promise<void> {
    const { namespace, render, kind, marker } = this.#form;
    for (const name of targets) {
      const objects = render(meshService(name, namespace), table, defaultMeshNames);
      const changed = objects.filter((one) => one.kind === kind);
      await this.#cluster.apply(...toTestObjects(changed.map(plant)));
    }
    const text = marker(table);
    await until(
      `${text} for ${targets.length} services at the caller`,
      async () => {
        const dump = await this.#admin("config_dump?resource=dynamic_route_configs");
        return dump.split(text).length - 1 === targets.length;
      },
      { ms: 30_000, everyMs: 25 },
    );
  }

  /** The keys that the requests reached. */
  async keys(asked: readonly Asked[]): Promise<readonly string[]> {
    const orders = asked.map(({ target, request }) => ({
      host: hostOf(target, this.#form.namespace),
      port: appPort,
      headers: request.flat(),
    }));
    assert.ok(this.#caller);
    return (await this.#cluster.send(this.#caller, orders)).map(chosenBy);
  }

  async differences(table: RouteTable, asked: readonly Asked[]): Promise<readonly object[]> {
    const keys = await this.keys(asked);
    return asked.flatMap((one, at) => {
      const expected = expectedKey(table, one);
      return keys[at] === expected ? [] : [{ ...one, expected, actual: keys[at] }];
    });
  }

  async #hasAllClusters(): Promise<boolean> {
    const text = await this.#admin("clusters");
    const names = targets.flatMap((name) => {
      const host = hostOf(`${name}-variants`, this.#form.namespace);
      return branchKeys.map((key) => `outbound|${appPort}|${key}|${host}`);
    });
    return names.every((name) => text.includes(`${name}::`));
  }

  async #admin(path: string): Promise<string> {
    assert.ok(this.#caller);
    return await (await fetch(`http://${this.#caller.ip}:15000/${path}`)).text();
  }
}

/** Requests to random targets. */
export function askedOf(
  requests: fc.Arbitrary<HeaderLines>,
  count: number,
): fc.Arbitrary<readonly Asked[]> {
  return fc.array(fc.record({ target: fc.constantFrom(...targets), request: requests }), {
    minLength: count,
    maxLength: count,
  });
}
