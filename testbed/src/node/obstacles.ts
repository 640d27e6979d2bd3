import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunTool, ToolFailed } from "../install/tool.ts";
import type { Place } from "../sandbox/place.ts";
import { type Hierarchy, hierarchies, neededControllers } from "./cgroups.ts";
import { iptablesEnvironment } from "./iptables.ts";

/** What a machine is, as far as a node with containers depends on it. */
export interface MachineFacts {
  readonly uid: number;
  /** /proc/filesystems. */
  readonly filesystems: string;
  readonly hierarchies: readonly Hierarchy[];
  /** Controllers of the hierarchy of version 2, if there is one. */
  readonly unifiedControllers: readonly string[];
}

export function machineFacts(): MachineFacts {
  const mounted = hierarchies();
  return {
    uid: process.getuid?.() ?? -1,
    filesystems: readFileSync("/proc/filesystems", "utf8"),
    hierarchies: mounted,
    unifiedControllers: mounted.flatMap(({ version, mountPoint }) =>
      version === 2
        ? readFileSync(join(mountPoint, "cgroup.controllers"), "utf8").trim().split(" ")
        : [],
    ),
  };
}

/** Why a node with containers can't run on such a machine, each with what to do. Empty when nothing is known against it. */
export function obstaclesOf(facts: MachineFacts): readonly string[] {
  const controllers = new Set([
    ...facts.unifiedControllers,
    ...facts.hierarchies.flatMap((one) => one.controllers),
  ]);
  const absent = neededControllers.filter((one) => !controllers.has(one));
  const readOnly = facts.hierarchies.filter((one) => !one.writable).map((one) => one.mountPoint);
  return [
    ...(facts.uid === 0
      ? []
      : [
          `this is not root (user ${facts.uid}): containers mount and make cgroups; run it as root`,
        ]),
    ...(/\boverlay$/m.test(facts.filesystems)
      ? []
      : ["the kernel has no overlay filesystem: modprobe overlay, or CONFIG_OVERLAY_FS"]),
    ...(absent.length === 0
      ? []
      : [`no cgroup controller ${absent.join(", ")} is mounted: see /proc/cgroups and mount`]),
    ...(readOnly.length === 0
      ? []
      : [`${readOnly.join(", ")} is mounted read-only: run it outside a container, or remount rw`]),
  ];
}

/** What only a try can tell: each command runs in a network and mount namespace of its own, and leaves nothing. */
export async function tryKernel(
  run: RunTool,
  place: Place,
  iptables: string,
): Promise<readonly string[]> {
  const layers = ["lower", "upper", "work"].map((one) => join(place.data, "try", one));
  const [lower = "", upper = "", work = ""] = layers;
  const overlay = `mkdir -p ${layers.join(" ")} && mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${lower}`;
  const redirect = "-p tcp -m owner --uid-owner 1337 -j REDIRECT --to-ports 15001";
  const tries = [
    [overlay, `overlay doesn't work in ${place.data}; XDG_STATE_HOME chooses another filesystem`],
    ["ip link add one type veth peer name two", "the kernel has no veth interfaces: CONFIG_VETH"],
    [
      `${iptables} -t nat -A OUTPUT ${redirect}`,
      "iptables can't redirect: CONFIG_NF_TABLES, CONFIG_NFT_COMPAT, CONFIG_NETFILTER_XT_TARGET_REDIRECT, CONFIG_NETFILTER_XT_MATCH_OWNER",
    ],
    [
      `${iptables} -t nat -A OUTPUT -m statistic --mode random --probability 0.5 -m comment --comment x -j MARK --set-xmark 0x4000`,
      "iptables lacks what Services need: CONFIG_NETFILTER_XT_MATCH_STATISTIC, _COMMENT, CONFIG_NETFILTER_XT_MARK",
    ],
  ] as const;
  const found: string[] = [];
  for (const [command, what] of tries) {
    const words = ["--net", "--mount", "--propagation=private", "sh", "-c", command];
    try {
      await run("unshare", words, { env: iptablesEnvironment(iptables) });
    } catch (error) {
      if (!(error instanceof ToolFailed)) throw error;
      found.push(`${what}\n  ${error.message.replaceAll("\n", "\n  ")}`);
    }
  }
  return found;
}
