import { readdirSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  defaultMeshNames,
  type MeshService,
  type VirtualService,
  withDelegate,
} from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
import { appPort, type TestObject, type TestPod } from "@cocktail/testbed";
import { hostOf } from "../test/cluster/support/mesh-objects.ts";
import { node } from "./gateway-contestants.ts";

export const namespace = "bench-mesh";
/** The caller's Envoy has this core for itself, the rest the other one. */
const envoyCore = "0";
const otherCore = "1";

const answers = join(import.meta.dirname, "proxies/plain-answers.ts");

/** A pod that answers 1 KiB at the port of the services. Only the caller needs a sidecar. */
export function pod(name: string, labels: Readonly<Record<string, string>>): TestObject {
  const [file = "", ...options] = node;
  const start = ["taskset", "-c", otherCore, file, ...options, answers, String(appPort)];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: { ...labels, "sidecar.istio.io/inject": "false" },
    },
    spec: {
      containers: [
        {
          name: "app",
          image: "none",
          command: ["sh", "-c", `exec ${start.join(" ")} "$POD_IP"`],
          readinessProbe: { httpGet: { path: "/", port: appPort }, periodSeconds: 1 },
        },
      ],
      terminationGracePeriodSeconds: 1,
    },
  };
}

/** The labels of a branch's pod. */
export function branchLabels(service: string, key: string): Readonly<Record<string, string>> {
  return { "cocktail.dev/service": service, "cocktail.dev/variant": key };
}

/** Stable's Service of a service, and its VirtualService as a chart has it. All share the pod `app: stable`. */
export function plainService(name: string): readonly [TestObject, VirtualService & TestObject] {
  const host = hostOf(name, namespace);
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { selector: { app: "stable" }, ports: [{ name: "http", port: appPort }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name, namespace },
      spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }] },
    },
  ];
}

export function meshService(name: string): MeshService {
  const base = withDelegate(plainService(name)[1], name, defaultMeshNames);
  return { name, namespace, ports: [{ number: appPort, name: "http" }], base };
}

const live = { incarnation: 1, revision: "abc1234", onUnavailable: "Fail" } as const;

export function tableOf(service: string, keys: readonly string[], epoch = 1): RouteTable {
  return {
    epoch,
    tag: "0a1b2c3d",
    resolver: 1,
    historyFloor: 0,
    services: {
      [service]: {
        stable: { ...live, tier: "stable" },
        ...Object.fromEntries(keys.map((key) => [key, { ...live, tier: "branch" } as const])),
      },
    },
    environments: {},
  };
}

export function keysOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `mp-${String(at).padStart(4, "0")}`);
}

/**
 * The variant that the answer to a request with a pin names. Asks the pod itself: through the API server a request takes longer than what is
 * measured.
 */
export async function servedTo(
  { ip }: TestPod,
  service: string,
  pin: string,
): Promise<string | undefined> {
  const headers = ["x-service-route", pin];
  const orders = [{ host: hostOf(service, namespace), port: appPort, headers }];
  const body = JSON.stringify(orders);
  const response = await fetch(`http://${ip}:${appPort}/send`, { method: "POST", body });
  return /"x-route-served","([^"]+)"/.exec(await response.text())?.[1];
}

/** The words before a command that make it run in the network of a pod, on the core of the clients. */
export function inNetworkOf({ ip }: TestPod): readonly string[] {
  return ["nsenter", `--net=/run/netns/${networkOf(ip)}`, "--", "taskset", "-c", otherCore];
}

/** The Envoy of a pod, put on its core. */
export function sidecarOf({ ip }: TestPod): number {
  const file = `${networkOf(ip)}.json`;
  const pid = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    const words = commandOf(name).split("\0");
    return words[0]?.endsWith("/envoy") === true && words.some((one) => one.endsWith(`/${file}`));
  });
  if (pid === undefined) throw new Error(`no sidecar runs for the pod ${ip}`);
  spawnSync("taskset", ["-acp", envoyCore, pid]);
  return Number(pid);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
}

/** As the testbed names them, by number, and gives them their addresses. */
function networkOf(ip: string): string {
  const [, , high = "", low = ""] = ip.split(".");
  return `pod-${(Number(high) - 1) * 250 + Number(low) - 1}`;
}
