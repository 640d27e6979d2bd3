import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  deleteObject,
  getObject,
  type HttpApi,
  listObjects,
  type Resource,
} from "@cocktail/kubernetes";
import { defaultMeshNames, renderMeshFilter } from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import {
  type Cluster,
  connect,
  deployment,
  isOwnCluster,
  meshNamespace,
  service,
  type TestObject,
  xds,
} from "@cocktail/testbed";
import { ChurnTraffic, type Phase, type Probe } from "../support/churn-traffic.ts";
import { applyOwnDefinitions } from "../support/definitions.ts";
import { realApi, unusedName } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { meshService, toTestObjects } from "../support/mesh-objects.ts";
import {
  applyDefinitions,
  conditionsOf,
  startOperator,
  virtualServices,
} from "../support/merges.ts";

/** A few; COCKTAIL_TEST_CHURN=500 and COCKTAIL_TEST_SERVICES=20 are for a run by hand. */
const cycles = Number(process.env["COCKTAIL_TEST_CHURN"] ?? 50);
const count = Number(process.env["COCKTAIL_TEST_SERVICES"] ?? 5);
const namespace = unusedName("variants");
const perSecond = 100;
/** Branches that come and go at once. */
const parallel = 4;
const services = Array.from({ length: count }, (_, at) => `service-${at}`);
/** The branch of each service that stays. */
const live = "live";
/** The keys of all others begin so; nothing else in the cluster does. */
const passing = "passing";

const ofKind = (apiVersion: string, kind: string): Resource => ({
  apiVersion,
  kind,
  plural: `${kind.toLowerCase()}s`,
  isNamespaced: true,
});
const variants = ofKind("cocktail.dev/v1alpha1", "ServiceVariant");
/** Whatever an operator writes for a service, or keeps. */
const kinds: readonly Resource[] = [
  ofKind("v1", "Service"),
  ofKind("networking.istio.io/v1", "DestinationRule"),
  virtualServices,
  ofKind("networking.istio.io/v1alpha3", "EnvoyFilter"),
  ofKind("cocktail.dev/v1alpha1", "Record"),
  ofKind("cocktail.dev/v1alpha1", "Environment"),
  variants,
];

const refOf = (of: string, key: string): { readonly namespace: string; readonly name: string } => ({
  namespace,
  name: `${of}.${key}`,
});

const svar = (of: string, key: string): TestObject => ({
  apiVersion: variants.apiVersion,
  kind: variants.kind,
  metadata: refOf(of, key),
  spec: { service: of, variant: key },
});

const pods = (of: string, variant?: string): TestObject =>
  deployment({ namespace, service: of, ...(variant === undefined ? {} : { variant }) });

describe(
  "variants come and go while requests pass real Envoys",
  { skip: isOwnCluster && "istiod's port is inside of the testbed" },
  () => {
    let api: HttpApi;
    let cluster: Cluster;
    let operator: LinesProcess;
    let traffic: ChurnTraffic;
    const took = { ready: [] as number[], gone: [] as number[] };

    before(async () => {
      api = realApi();
      cluster = connect();
      await applyDefinitions(cluster);
      await applyOwnDefinitions(cluster);
      const filter = toTestObjects([renderMeshFilter(defaultMeshNames)]);
      await cluster.apply(meshNamespace(namespace), ...filter, pods("caller"));
      for (const name of services) {
        const base = toTestObjects([meshService(name, namespace).base]);
        await cluster.apply(pods(name), service({ namespace, service: name }), ...base);
      }
      const [caller = assert.fail("no caller")] = await cluster.readyPods(namespace, "app=caller");
      for (const name of services) await cluster.readyPods(namespace, `app=${name}`);
      const words = ["--variants", namespace, `--xds=${xds.host}:${xds.port}`, "--margin-ms=200"];
      operator = startOperator([namespace], { words });
      traffic = new ChurnTraffic({
        cluster,
        caller,
        namespace,
        services,
        perSecond,
        ownPods: true,
      });
      for (const name of services) await cluster.apply(svar(name, live), pods(name, live));
      for (const name of services) await isReady(name, live);
    });
    after(async () => {
      operator.signal("SIGTERM");
      await operator.exited;
      await cluster.remove(meshNamespace(namespace));
      await api.close();
    });

    /** With what its object and the operator say, if it doesn't come. */
    async function waitFor(what: string, is: () => Promise<boolean>): Promise<void> {
      const seen = (): unknown => operator.lines.slice(-30);
      await until(what, is, { ms: 60_000, everyMs: 20, seen });
    }

    function warnings(): string {
      return operator.lines
        .filter((line) => /warn|error/.test(line))
        .slice(-20)
        .join("\n");
    }

    async function isReady(of: string, key: string): Promise<void> {
      await waitFor(`${of}.${key} to be ready`, async () => {
        const object = await getObject(api, variants, refOf(of, key));
        return conditionsOf(object)["Ready"]?.startsWith("True ") === true;
      });
    }

    async function enough(probe: Probe, phase: Phase, least: number): Promise<void> {
      const what = `${least} answers for ${probe.service}.${probe.key}, ${phase}`;
      await waitFor(what, async () => probe.answers[phase] >= least);
    }

    function begin(of: string, key: string): Probe {
      return traffic.begin({ service: of, key, branch: of });
    }

    async function cycle(at: number): Promise<void> {
      const of = services[Math.floor(at / 2) % services.length] ?? "";
      // The longer key of a pair begins with the other one.
      const key = at % 2 === 0 ? `${passing}-${at}` : `${passing}-${at - 1}-x`;
      const ref = refOf(of, key);
      const probe = begin(of, key);
      await enough(probe, "absent", 1);

      probe.phase = "arriving";
      const created = performance.now();
      await cluster.apply(svar(of, key), pods(of, key));
      await isReady(of, key);
      probe.phase = "inForce";
      took.ready.push(performance.now() - created);
      await enough(probe, "inForce", 10);

      probe.phase = "leaving";
      const deleted = performance.now();
      await deleteObject(api, variants, ref);
      await waitFor(`${ref.name} to be gone`, async () => {
        return (await getObject(api, variants, ref)) === undefined;
      });
      probe.phase = "gone";
      took.gone.push(performance.now() - deleted);
      // Its pods are still there: only the routes keep requests away from them.
      await enough(probe, "gone", 3);
      await cluster.remove(pods(of, key));
      traffic.end(probe);
    }

    /** Of each kind the names, and those whose text has a key of a branch that passes. */
    async function left(): Promise<Record<string, readonly string[]>> {
      const found: Record<string, readonly string[]> = {};
      for (const resource of kinds) {
        // Filters are in the namespace of the mesh, and say whose they are.
        const { items } = await listObjects(api, resource);
        found[resource.kind] = items
          .filter((one) => JSON.stringify(one).includes(namespace))
          // The one ledger of the engine begins with the first branch that goes.
          .filter(({ metadata: { name }, ...one }) => {
            const isLedger = resource.kind === "Record" && name === "ledger.incarnations";
            return !isLedger || JSON.stringify(one).includes(passing);
          })
          .map((one) => {
            const text = JSON.stringify(one);
            const keys = [live, passing].filter((key) => text.includes(key));
            return `${one.metadata.name} with ${keys.join(" and ")}`;
          })
          .toSorted();
      }
      return found;
    }

    test("no request fails or is misrouted, and nothing is left of branches that are gone", async (t) => {
      const before = await left();
      for (const kind of ["DestinationRule", "EnvoyFilter", "ServiceVariant"])
        assert.ok(
          before[kind]?.some((one) => one.endsWith(` with ${live}`)),
          kind,
        );
      for (const name of services) begin(name, live).phase = "inForce";
      const stop = new AbortController();
      const started = performance.now();
      let seconds = 0;
      const running = traffic.run(stop.signal);
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < cycles && traffic.problems.length === 0) await cycle(next++);
      };
      const { counts } = traffic;
      try {
        await Promise.all(Array.from({ length: parallel }, worker));
      } finally {
        stop.abort();
        await running;
        seconds = (performance.now() - started) / 1000;
        t.diagnostic(
          `${took.gone.length} of ${cycles} cycles in ${seconds.toFixed(0)} s, ${counts.stable} stable and ${counts.routed} pinned requests, ${traffic.problems.length} problems`,
        );
        t.diagnostic(`created to Ready: ${shown(took.ready)}`);
        t.diagnostic(`deleted to gone: ${shown(took.gone)}`);
      }
      assert.deepEqual(traffic.problems.slice(0, 10), [], warnings());
      assert.equal(took.gone.length, cycles);
      for (const asked of Object.values(counts)) assert.ok(asked / seconds > perSecond * 0.9);
      let now: unknown;
      const isAsBefore = async (): Promise<boolean> =>
        JSON.stringify((now = await left())) === JSON.stringify(before);
      try {
        await waitFor("nothing to be left", isAsBefore);
      } catch {
        assert.deepEqual(now, before, warnings());
      }
    });

    test("a service that goes takes along what was written for it", async () => {
      for (const name of services) await deleteObject(api, variants, refOf(name, live));
      for (const name of services)
        await waitFor(`${name}.live to be gone`, async () => {
          return (await getObject(api, variants, refOf(name, live))) === undefined;
        });
      for (const name of services) {
        await deleteObject(api, virtualServices, { namespace, name });
        await cluster.remove(service({ namespace, service: name }));
      }
      let now: Record<string, readonly string[]> = {};
      const isEmpty = async (): Promise<boolean> =>
        Object.values((now = await left())).every((names) => names.length === 0);
      await waitFor("nothing to be left", isEmpty).catch(() => undefined);
      assert.deepEqual(now, Object.fromEntries(kinds.map(({ kind }) => [kind, []])), warnings());
    });
  },
);

function shown(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}`;
}
