import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "@cocktail/kubernetes";
import { workloadOf } from "./workload.ts";

interface PodState {
  readonly ip?: string;
  readonly isReady?: boolean;
  readonly image?: string;
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly metadata?: object;
}

function pod({ ip = "10.0.0.1", isReady = false, image, waiting, metadata }: PodState): KubeObject {
  return {
    metadata: { name: "p", ...metadata },
    spec: { containers: [{ image }] },
    status: {
      podIP: ip,
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
      containerStatuses: [{ state: waiting === undefined ? {} : { waiting } }],
    },
  };
}

const everywhere = (): boolean => true;

test("a variant is ready when one of its pods is, and the mesh has that pod's address", () => {
  const ready = pod({ isReady: true, ip: "10.0.0.2" });
  assert.equal(workloadOf([pod({}), ready], (ip) => ip === "10.0.0.2").phase, "Ready");
  const early = workloadOf([pod({}), ready], (ip) => ip === "10.0.0.1");
  assert.equal(early.phase, "Starting");
  assert.match(early.message, /mesh/);
});

test("pods that end don't count, and without a pod it waits for one", () => {
  const ending = pod({ isReady: true, metadata: { deletionTimestamp: "2026-11-28T00:00:00Z" } });
  assert.deepEqual(workloadOf([ending], everywhere), {
    phase: "Starting",
    message: "no pod carries its labels",
  });
});

test("what a container waits for is said, and a crash loop is one", () => {
  const pulling = workloadOf(
    [pod({ waiting: { reason: "ImagePullBackOff", message: "no such image" } })],
    everywhere,
  );
  assert.deepEqual(
    [pulling.phase, pulling.message],
    ["Starting", "ImagePullBackOff: no such image"],
  );
  const crashing = workloadOf([pod({ waiting: { reason: "CrashLoopBackOff" } })], everywhere);
  assert.equal(crashing.phase, "CrashLoop");
  const long = workloadOf(
    [pod({ waiting: { reason: "X", message: "x".repeat(9_999) } })],
    everywhere,
  );
  assert.equal(long.message.length, 1_024);
});

test("the revision is the version label, else the image's digest, else its tag", () => {
  const revisionOf = (image: string, labels = {}): string | undefined =>
    workloadOf([pod({ image, metadata: { labels } })], everywhere).revision;
  const digest = `registry:5000/app:1@sha256:${"ab".repeat(32)}`;
  assert.equal(revisionOf(digest), "abababababab");
  assert.equal(revisionOf("registry:5000/app:v1.2"), "v1.2");
  assert.equal(revisionOf("registry:5000/app"), "latest");
  assert.equal(revisionOf("app:1", { "app.kubernetes.io/version": "2.0" }), "2.0");
});

test("a pod that is none of the shape breaks nothing", () => {
  const odd = { metadata: { name: "p" }, spec: 7, status: { conditions: "x" } };
  assert.equal(workloadOf([odd], everywhere).phase, "Starting");
});
