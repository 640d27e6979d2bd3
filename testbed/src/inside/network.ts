import type { RunTool } from "../install/tool.ts";
import { node, serviceRange } from "./addresses.ts";

/** The node: a bridge that pods are plugged into where no network plugin does that. */
export async function makeNodeNetwork(run: RunTool): Promise<void> {
  // /run of the machine belongs to others; `ip netns` keeps its names here.
  await run("mount", ["-t", "tmpfs", "tmpfs", "/run"], {});
  const commands = [
    "link set lo up",
    "link add br0 type bridge",
    `addr add ${node}/16 dev br0`,
    "link set br0 up",
    "route add default dev br0", // kube-apiserver refuses to start without one
  ];
  for (const command of commands) await run("ip", command.split(" "), {});
}

/** Without a kube-proxy: Service addresses are local, so that a connection to one fails at once. */
export async function refuseServiceAddresses(run: RunTool): Promise<void> {
  await run("ip", ["route", "add", "local", serviceRange, "dev", "lo"], {});
}

/** A network namespace for a pod, with its address. */
export async function addPodNetwork(
  run: RunTool,
  pod: { readonly id: number; readonly namespace: string; readonly ip: string },
): Promise<void> {
  const { id, namespace, ip } = pod;
  const inside = `-n ${namespace}`;
  const commands = [
    `netns add ${namespace}`,
    `link add v${id} type veth peer name eth0 netns ${namespace}`,
    `link set v${id} master br0 up`,
    `${inside} link set lo up`,
    `${inside} addr add ${ip}/16 dev eth0`,
    `${inside} link set eth0 up`,
    `${inside} route add default via ${node}`,
  ];
  for (const command of commands) await run("ip", command.split(" "), {});
}

export async function removePodNetwork(run: RunTool, namespace: string): Promise<void> {
  await run("ip", ["netns", "del", namespace], {});
}

/** The words before a command that make it run in a pod's network. */
export function inPod(namespace: string): readonly string[] {
  return ["nsenter", `--net=/run/netns/${namespace}`, "--"];
}
