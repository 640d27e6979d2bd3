// The first process of a sandbox: `main.ts PLACE PROGRAMS`, both JSON. Builds the network, starts everything in order, then runs the pods.
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Agent } from "../agent/agent.ts";
import { toolRunner } from "../install/tool.ts";
import type { Place } from "../sandbox/place.ts";
import { apiServer } from "./addresses.ts";
import { startAndAwait } from "./child.ts";
import {
  apiServerSpec,
  controllerManagerSpec,
  etcdSpec,
  istiodSpec,
  type Setting,
} from "./control-plane.ts";
import { kubeApi } from "./kube-api.ts";
import { makeNodeNetwork } from "./network.ts";
import { makeBasics, makeIstioObjects } from "./objects.ts";
import { makePki, writeKubeconfig } from "./pki.ts";

const text = z.string();
const place: Place = z
  .object({
    name: text,
    directory: text,
    runFile: text,
    progressFile: text,
    kubeconfig: text,
    logs: text,
    pki: text,
    data: text,
  })
  .parse(JSON.parse(process.argv[2] ?? ""));
const programs = z.record(text, text).parse(JSON.parse(process.argv[3] ?? ""));

const run = toolRunner(new AbortController().signal);

function report(line: object): void {
  appendFileSync(place.progressFile, `${JSON.stringify(line)}\n`);
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  report({ step: name, ms: Math.round(performance.now() - started) });
  return result;
}

const programOf = (component: string): string => {
  const program = programs[component];
  if (program === undefined) throw new Error(`the testbed was started without ${component}`);
  return program;
};

async function start(): Promise<void> {
  await step("network", () => makeNodeNetwork(run));
  const pki = await step("certificates", () => makePki(place.pki, run));
  const token = randomUUID();
  const ca = readFileSync(pki.caFile, "utf8");
  const api = kubeApi(apiServer, ca, token);
  writeKubeconfig(place.kubeconfig, { server: apiServer, caBase64: pki.caBase64, token });
  const setting: Setting = { place, pki, api, programOf };
  const begin = (spec: ReturnType<typeof etcdSpec>): Promise<unknown> =>
    step(spec.name, () => startAndAwait(spec, place.logs));
  await begin(etcdSpec(setting));
  await begin(apiServerSpec(setting));
  await begin(controllerManagerSpec(setting));
  await step("Istio's resource definitions", async () => {
    const kubectl = [`--kubeconfig=${place.kubeconfig}`, "apply", "--server-side", "-f"];
    for (const file of ["crds.yaml", "gateway-crds.yaml"])
      await run(programOf("kubectl"), [...kubectl, join(dirname(programOf("istiod")), file)], {});
    await makeBasics(api);
  });
  await begin(istiodSpec(setting));
  await step("Istio's objects", () => makeIstioObjects(api, pki.caBase64));
  const data = join(place.data, "pods");
  mkdirSync(data, { recursive: true });
  const agent = new Agent({ api, run, logs: place.logs, data, envoy: programOf("envoy") });
  report({ ready: true });
  await agent.run();
}

start().catch((error: unknown) => {
  report({ failed: error instanceof Error ? error.message : String(error) });
  // oxlint-disable-next-line unicorn/no-process-exit -- children keep it alive, and they end with this first process
  process.exit(1);
});
