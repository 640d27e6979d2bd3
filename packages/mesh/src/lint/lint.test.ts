import assert from "node:assert/strict";
import { test } from "node:test";
import { cases, chart, hostOf, namespace } from "../../test/cases.ts";
import {
  defaultMeshNames,
  type HttpRoute,
  type KubeObject,
  lint,
  renderRegexForm,
  renderTableForm,
  withDelegate,
} from "../index.ts";

const name = "payment-service";
const stable = { name: "stable", route: [{ destination: { host: hostOf(name) } }] };

function object(kind: string, spec: object, named = name): KubeObject {
  return { apiVersion: "v1", kind, metadata: { name: named, namespace }, spec };
}

const service = object("Service", { ports: [{ name: "http", port: 8080 }] });
const good = withDelegate(chart(name, [stable]), name, defaultMeshNames);

function withHttp(http: readonly HttpRoute[]): KubeObject {
  return { ...good, spec: { ...good.spec, http } };
}

/** [path, reason] of each finding. */
const found = (...objects: readonly KubeObject[]) =>
  lint(objects).map(({ path, reason }) => [path, reason]);

for (const [title, { service: of, table }] of Object.entries(cases))
  test(`what is rendered has no finding: ${title}`, () => {
    const subsets = object("DestinationRule", {
      host: of.name,
      subsets: ["v1", "v2", "v3"].map((one) => ({ name: one })),
    });
    for (const render of [renderTableForm, renderRegexForm])
      assert.deepEqual(lint([of.base, subsets, ...render(of, table, defaultMeshNames)]), []);
  });

test("a port that isn't named as HTTP is found, with its place", () => {
  const ports = (...all: readonly object[]) => object("Service", { ports: all });
  const http = { name: "http-web", port: 80 };
  assert.deepEqual(found(good, ports({ name: "web", port: 80 })), [
    ["spec.ports[0].name", "PortNotHttp"],
  ]);
  assert.deepEqual(found(good, ports({ port: 80 })), [["spec.ports[0].name", "PortNotHttp"]]);
  assert.deepEqual(
    found(good, ports(http, { name: "tcp-db", port: 81 }, { name: "grpc", port: 82 })),
    [],
  );
  assert.deepEqual(found(good, ports({ name: "web", port: 80, appProtocol: "http" })), []);
  assert.deepEqual(found(good, ports({ name: "tcp-db", port: 81 })), [
    ["spec.ports[0].name", "PortNotHttp"],
  ]);
  assert.deepEqual(found(ports({ name: "web", port: 80 })), [], "no VirtualService is for it");
});

test("the finding names its object and says what to do", () => {
  const [finding] = lint([{ ...good, spec: { ...good.spec, gateways: ["public"] } }, service]);
  assert.deepEqual(finding, {
    object: "VirtualService golden/payment-service",
    path: "spec.gateways",
    reason: "NotBoundToMesh",
    message: "The routes have no effect between services: add mesh to the gateways.",
  });
});

test("two VirtualServices for one host are found, short or complete", () => {
  const other = { ...chart("other", [stable]), spec: { hosts: [name], http: [stable] } };
  assert.deepEqual(
    found(good, other).filter(([, reason]) => reason === "DuplicateHost"),
    [
      ["spec.hosts[0]", "DuplicateHost"],
      ["spec.hosts[0]", "DuplicateHost"],
    ],
  );
});

test("a route that no request reaches is found", () => {
  const late = { ...stable, name: "late", match: [{ uri: { prefix: "/late" } }] };
  const http = [...(good.spec.http ?? []), late];
  assert.deepEqual(found(withHttp(http)), [["spec.http[3]", "ShadowedRoute"]]);
});

test("a subset that no rule has is found", () => {
  const destination = { host: hostOf(name), subset: "v2" };
  const vs = chart(name, [{ name: "stable", route: [{ destination }] }]);
  const rule = (...subsets: readonly string[]) =>
    object("DestinationRule", { host: name, subsets: subsets.map((one) => ({ name: one })) });
  const place = ["spec.http[0].route[0].destination.subset", "SubsetMissing"];
  assert.deepEqual(found(vs, rule("v1")), [place]);
  assert.deepEqual(found(vs), [place]);
  assert.deepEqual(found(vs, rule("v1", "v2")), []);
});

test("a missing, late or conditional delegate line is found, and a missing gate", () => {
  const [gate, line, own] = good.spec.http ?? [];
  assert.ok(gate && line && own);
  const early = { ...stable, name: "early", match: [{ uri: { prefix: "/early" } }] };
  for (const [http, expected] of [
    [[gate, line, own], []],
    [[own], [["spec.http", "DelegateMissing"]]],
    [[line, own], [["spec.http[0]", "GateMissing"]]],
    [[gate, early, line, own], [["spec.http[2]", "DelegateNotFirst"]]],
    [
      [gate, { ...line, match: [{ uri: { prefix: "/" } }] }, own],
      [["spec.http[1].match", "DelegateHasMatch"]],
    ],
  ] as const)
    assert.deepEqual(found(withHttp(http), service), expected);
});

test("only the given services must delegate", () => {
  const objects = [chart(name, [stable]), service];
  assert.deepEqual(
    lint(objects, { services: [] }).map(({ reason }) => reason),
    [],
  );
  assert.deepEqual(
    lint(objects, { services: [`${namespace}/${name}`] }).map(({ reason }) => reason),
    ["DelegateMissing"],
  );
});

test("a delegate that takes all traffic is found", () => {
  const { hosts: _, ...spec } = chart(`${name}-variants`, [stable]).spec;
  assert.deepEqual(found({ ...chart(`${name}-variants`, []), spec }), [
    ["spec.http[0]", "DelegateCatchAll"],
  ]);
});

test("two claims of one variant are found, per target", () => {
  const claim = (named: string, target: object) =>
    object(
      "VirtualServiceMerge",
      {
        target,
        patch: {
          http: [
            {
              match: [
                {
                  headers: {
                    "x-service-route": {
                      regex: "^(payment-service:mp-101.*|.*::payment-service:mp-101.*)$",
                    },
                  },
                },
              ],
            },
          ],
        },
      },
      named,
    );
  const a = claim("a", { name });
  assert.deepEqual(found(a, claim("b", { name, namespace })), [
    ["spec.patch.http[0]", "DuplicateClaim"],
  ]);
  assert.deepEqual(found(a, claim("b", { name, namespace: "other" })), []);
});

test("a pod without a sidecar is found, wherever the sidecar runs", () => {
  const pod = (spec: object) => object("Pod", spec);
  const [app, proxy] = [{ name: "app" }, { name: "istio-proxy" }];
  assert.deepEqual(found(pod({ containers: [app] })), [
    ["spec.containers", "CallerWithoutSidecar"],
  ]);
  assert.deepEqual(found(pod({ containers: [app, proxy] })), []);
  assert.deepEqual(found(pod({ containers: [app], initContainers: [proxy] })), []);
});

test("objects of any shape give findings, never an exception", () => {
  for (const kind of ["Service", "VirtualService", "DestinationRule", "VirtualServiceMerge", "Pod"])
    for (const spec of [
      undefined,
      null,
      7,
      [],
      { http: 7, hosts: [7], ports: [null] },
      { http: [{ match: 7 }] },
    ])
      lint([{ apiVersion: "v1", kind, metadata: { name: "x" }, spec }]);
});
