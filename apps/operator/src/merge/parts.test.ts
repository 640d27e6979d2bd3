import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ApiError, type KubeObject } from "@cocktail/kubernetes";
import { defaultMeshNames as names, mergeGroups } from "@cocktail/mesh";
import fc from "fast-check";
import { isRefusal } from "./api-errors.ts";
import { hostsOf, managedBy, serviceOf } from "./hosts.ts";
import { oldOperators } from "./old-operator.ts";
import { bisect } from "./refusals.ts";
import { mergeObject, serviceHost } from "./testing/objects.ts";
import { readMerge } from "./virtual-service-merge.ts";

const object = (name: string, spec: unknown): KubeObject => ({
  metadata: { namespace: "shop", name },
  spec,
});

test("the definitions of both groups differ in the group alone", () => {
  const [one, other] = mergeGroups.map((group) => {
    const file = `../../../../charts/cocktail/crds/virtualservicemerges.${group}.yaml`;
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    return text.slice(text.indexOf("apiVersion:")).replaceAll(group, "GROUP");
  });
  assert.ok(one?.includes("name: virtualservicemerges.GROUP"));
  assert.equal(one, other);
});

test("hosts of a merge are completed in the namespace of its target", () => {
  const to = (host: unknown) => [{ route: [{ destination: { host } }] }];
  const patch = { http: [...to("a"), ...to("b.other"), ...to(7)], tcp: to("a"), tls: "none" };
  const merge = object("m", { target: { name: "t", namespace: "services" }, patch });
  assert.deepEqual(hostsOf(merge, names), ["a.services.svc.cluster.local", "b.other"]);
  assert.deepEqual(hostsOf(mergeObject("a"), names), [serviceHost]);
});

test("only full hosts of the cluster are Services", () => {
  assert.deepEqual(serviceOf(serviceHost, names), {
    namespace: "services",
    name: "payment-service-mp-101",
  });
  for (const host of ["api.example.com", "a.b", ".svc.cluster.local", "a.b.c.svc.cluster.local"])
    assert.equal(serviceOf(host, names), undefined);
});

test("a merge of any shape is read, and never throws", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (target, patch) => {
      const read = readMerge({ ...mergeObject("a"), spec: { target, patch, priority: patch } });
      assert.match(read.target, /^services\/|^[^/]*\//);
      hostsOf(read.object, names);
    }),
  );
});

test("the routes that a Rollout manages are found, by either spelling of its target", () => {
  const rollout = (istio: unknown) =>
    object("r", {
      strategy: { canary: { trafficRouting: { managedRoutes: [{ name: "header" }], istio } } },
    });
  assert.deepEqual(managedBy(rollout({ virtualService: { name: "vs" } })), {
    targets: ["shop/vs"],
    routes: ["header"],
  });
  assert.deepEqual(managedBy(rollout({ virtualServices: [{ name: "vs.other" }] })).targets, [
    "other/vs",
  ]);
  assert.deepEqual(managedBy(object("r", undefined)), { targets: [], routes: [] });
});

test("an old operator is found by its image or by a lease that is renewed", () => {
  const deployment = (image: string, readyReplicas?: number) => ({
    ...object("d", { template: { spec: { containers: [{ image }] } } }),
    status: { readyReplicas },
  });
  const lease = (renewTime: string) => ({
    metadata: { namespace: "old", name: "istiomerger.monime.sl" },
    spec: { holderIdentity: "pod-1", renewTime },
  });
  const now = Date.parse("2026-01-01T00:01:00Z");
  for (const image of [
    "monime/istio-virtualservice-merger:latest",
    "registry.example.com/x/istio-virtualservice-merger-oss:v1",
  ])
    assert.deepEqual(oldOperators([deployment(image, 1)], [], now), ["Deployment shop/d"]);
  // One whose image can't be pulled, or that is scaled down, merges nothing.
  assert.deepEqual(oldOperators([deployment("istio-virtualservice-merger")], [], now), []);
  assert.deepEqual(oldOperators([deployment("nginx:1", 1)], [], now), []);
  assert.deepEqual(oldOperators([], [lease("2026-01-01T00:00:50.000000Z")], now), [
    "the holder pod-1 of Lease old/istiomerger.monime.sl",
  ]);
  assert.deepEqual(oldOperators([], [lease("2025-12-31T00:00:00.000000Z")], now), []);
});

test("bisecting finds exactly the refused items, in a few questions", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 64 }), async (isBad) => {
      let asked = 0;
      const items = isBad.map((bad, at) => ({ bad, at }));
      const found = await bisect(items, (some) => {
        asked += 1;
        return Promise.resolve(some.find(({ bad }) => bad)?.at);
      });
      const bad = items.filter((one) => one.bad);
      assert.deepEqual(
        found.map(([item]) => item),
        bad,
      );
      assert.ok(asked <= 1 + bad.length * 2 * Math.ceil(Math.log2(items.length + 1)));
    }),
  );
});

test("bisecting leaves out the later one of two that are refused together alone", async () => {
  const refused = (some: readonly string[]): Promise<string | undefined> =>
    Promise.resolve(some.includes("b") && some.includes("d") ? "b and d" : undefined);
  assert.deepEqual(await bisect(["a", "b", "c", "d", "e"], refused), [["d", "b and d"]]);
});

test("a policy that refuses an object is told from a permission that is missing", () => {
  const said = (status: number, message: string): boolean =>
    isRefusal(new ApiError("PUT /it", { status, reason: "", message }));
  assert.ok(said(403, 'admission webhook "validate.kyverno.svc" denied the request: no'));
  assert.ok(said(403, "ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no"));
  assert.ok(said(422, "spec.http: Invalid value"));
  assert.ok(!said(403, 'virtualservices "a" is forbidden: User "b" cannot update resource'));
  assert.ok(!said(500, 'failed calling webhook "validation.istio.io"'));
});
