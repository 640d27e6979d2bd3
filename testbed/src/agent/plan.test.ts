import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { commandOf } from "./images.ts";
import { planPods, type RunState } from "./plan.ts";
import { environmentOf, podSchema, probeOf, wantsSidecar } from "./pod.ts";

const pod = (uid: string, deleting = false, labels: Record<string, string> = {}) =>
  podSchema.parse({
    metadata: {
      name: `pod-${uid}`,
      namespace: "shop",
      uid,
      labels,
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: {
      containers: [
        {
          name: "app",
          image: "cocktail.test/app:1",
          env: [
            { name: "PLAIN", value: "1" },
            { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "KEY", valueFrom: { fieldRef: { fieldPath: "metadata.labels['key']" } } },
          ],
        },
      ],
    },
  });

test("a new pod is started, a deleted one stopped and then released, a vanished one stopped", () => {
  const running = new Map<string, RunState>([
    ["kept", "running"],
    ["leaving", "running"],
    ["stopping", "stopping"],
    ["vanished", "running"],
  ]);
  const pods = [
    pod("new"),
    pod("kept"),
    pod("leaving", true),
    pod("stopping", true),
    pod("ended", true),
  ];
  assert.deepEqual(
    planPods(pods, running).map((action) => [
      action.kind,
      action.kind === "stop" ? action.uid : action.pod.metadata.uid,
    ]),
    [
      ["stop", "vanished"],
      ["start", "new"],
      ["stop", "leaving"],
      ["release", "ended"],
    ],
  );
});

test("no pod gets two actions, and what is being stopped gets none", () => {
  const uid = fc.constantFrom("a", "b", "c", "d");
  const states = fc.dictionary(uid, fc.constantFrom<RunState>("running", "stopping"));
  const pods = fc.uniqueArray(fc.tuple(uid, fc.boolean()), { selector: ([one]) => one });
  fc.assert(
    fc.property(pods, states, (listed, running) => {
      const actions = planPods(
        listed.map(([one, deleting]) => pod(one, deleting)),
        new Map(Object.entries(running)),
      );
      const uids = actions.map((one) => (one.kind === "stop" ? one.uid : one.pod.metadata.uid));
      assert.equal(new Set(uids).size, uids.length);
      for (const one of uids) assert.notEqual(running[one], "stopping");
    }),
  );
});

test("a container's environment has its values, the pod's fields and its address", () => {
  const one = pod("a", false, { key: "mp-101" });
  const [container] = one.spec.containers;
  assert.ok(container);
  assert.deepEqual(environmentOf(one, container, "10.244.1.2"), {
    POD_IP: "10.244.1.2",
    KUBERNETES_SERVICE_HOST: "10.244.0.1",
    KUBERNETES_SERVICE_PORT: "6443",
    PLAIN: "1",
    NAME: "pod-a",
    KEY: "mp-101",
  });
});

test("a pod gets a sidecar where its namespace asks for them, unless it refuses", () => {
  const enabled = { "istio-injection": "enabled" };
  assert.equal(wantsSidecar(pod("a"), enabled), true);
  assert.equal(wantsSidecar(pod("a"), {}), false);
  assert.equal(
    wantsSidecar(pod("a", false, { "sidecar.istio.io/inject": "false" }), enabled),
    false,
  );
});

test("a probe may name its port, and an image has any tag or digest", () => {
  const [container] = pod("a").spec.containers;
  assert.ok(container);
  const ports = [{ name: "health", containerPort: 8081 }];
  const probe = (port: number | string) => ({ httpGet: { path: "/readyz", port } });
  for (const port of [8081, "health"])
    assert.equal(
      probeOf({ ...container, ports, readinessProbe: probe(port) }, "10.244.1.2"),
      "http://10.244.1.2:8081/readyz",
    );
  assert.equal(probeOf(container, "10.244.1.2"), undefined);
  for (const image of [
    "cocktail/operator",
    "cocktail/operator:0.1.0",
    "cocktail/operator@sha256:0",
  ])
    assert.match(
      commandOf({ ...container, image, args: ["--help"] }).join(" "),
      /apps\/operator\/src\/main.ts --help$/,
    );
  assert.throws(() => commandOf({ ...container, image: "other:1" }), /no image other:1 here/);
});
