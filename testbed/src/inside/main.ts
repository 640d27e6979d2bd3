// The first process of a sandbox: `main.ts PROFILE PLACE PROGRAMS`, the latter two JSON. Builds the network, starts everything in order,
// then runs the pods: by the agent, or as a node does.
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Agent } from "../agent/agent.ts";
import { toolRunner } from "../install/tool.ts";
import { profiles } from "../components.ts";
import { isolateNode } from "../node/isolate.ts";
import { startNode } from "../node/start.ts";
import type { Place } from "../sandbox/place.ts";
import { apiServer } from "./addresses.ts";
import { type ProgramSpec, startAndAwait } from "./child.ts";
import {
  apiServerSpec,
  controllerManagerSpec,
  etcdSpec,
  istiodSpec,
  type Setting,
} from "./control-plane.ts";
import { kubeApi } from "./kube-api.ts";
import { makeNodeNetwork, refuseServiceAddresses } from "./network.ts";
import { makeInjector, makeIstioNamespace, makeIstioObjects, makeNode } from "./objects.ts";
import { makePki, writeKubeconfig } from "./pki.ts";

const text = z.string();
const profile = z.enum(profiles).parse(process.argv[2]);
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
  .parse(JSON.parse(process.argv[3] ?? ""));
const programs = z.record(text, text).parse(JSON.parse(process.argv[4] ?? ""));

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
  if (profile === "node") await step("mounts and cgroups", () => isolateNode(place, run));
  else await refuseServiceAddresses(run);
  const setting = await startControlPlane();
  if (profile === "control") return await runAgent(setting);
  await startNode(setting, run, { begin, step });
  report({ ready: true });
}

const begin = (spec: ProgramSpec): Promise<unknown> =>
  step(spec.name, () => startAndAwait(spec, place.logs));

async function startControlPlane(): Promise<Setting> {
  const pki = await step("certificates", () => makePki(place.pki, run));
  const token = randomUUID();
  const ca = readFileSync(pki.caFile, "utf8");
  const api = kubeApi(apiServer, ca, token);
  writeKubeconfig(place.kubeconfig, { server: apiServer, caBase64: pki.caBase64, token });
  const setting: Setting = { place, pki, api, programOf };
  await begin(etcdSpec(setting));
  await begin(apiServerSpec(setting));
  await begin(controllerManagerSpec(setting));
  await step("Istio's resource definitions", async () => {
    const kubectl = [`--kubeconfig=${place.kubeconfig}`, "apply", "--server-side", "-f"];
    for (const file of ["crds.yaml", "gateway-crds.yaml"])
      await run(programOf("kubectl"), [...kubectl, join(dirname(programOf("istiod")), file)], {});
    await makeIstioNamespace(api);
    if (profile === "node") await makeInjector(api, pki.caBase64);
  });
  await begin(istiodSpec(setting));
  await step("Istio's objects", () => makeIstioObjects(api, pki.caBase64));
  return setting;
}

/** Stands for the node. */
async function runAgent({ api }: Setting): Promise<void> {
  await makeNode(api);
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
