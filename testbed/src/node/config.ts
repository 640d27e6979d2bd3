import { pauseImage } from "../images/images.ts";
import { node, nodeName } from "../inside/addresses.ts";
import { nodePaths } from "./paths.ts";

/** The files of configuration of a node's programs. Those for Kubernetes are objects, since JSON is YAML. */

const podRange = "10.244.0.0/16";
const firstPod = "10.244.1.1";
const clusterDomain = "cluster.local";

/** Names of the two plugins of containerd that serve kubelet. */
const cri = "io.containerd.cri.v1";

export function containerdConfig(programs: {
  readonly runc: string;
  readonly cni: readonly string[];
}): string {
  const text = JSON.stringify; // a TOML string has the escapes of JSON
  return `version = 3
root = ${text(nodePaths.containerd)}
state = ${text(nodePaths.containerdState)}
# Of no use here, and they look for devices or make directories outside.
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = ${text(nodePaths.socket)}

[plugins."${cri}.runtime"]
# The testbed may run without the right to lower OOM scores.
restrict_oom_score_adj = true

[plugins."${cri}.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."${cri}.runtime".containerd.runtimes.runc.options]
BinaryName = ${text(programs.runc)}
SystemdCgroup = false

[plugins."${cri}.runtime".cni]
use_internal_loopback = true
bin_dirs = ${text(programs.cni)}
conf_dir = ${text(nodePaths.cniConfig)}

[plugins."${cri}.images".pinned_images]
sandbox = "${pauseImage}"
`;
}

/**
 * A pod's network: a veth pair and a host route each. Without a bridge every packet between pods is routed by the node, so Service
 * addresses work whatever the kernel does with bridged packets.
 */
export function cniConfig(): object {
  return {
    cniVersion: "1.0.0",
    name: "testbed",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: nodePaths.cniData,
          ranges: [[{ subnet: podRange, rangeStart: firstPod, gateway: node }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}

export function kubeletConfig(cgroup: string): object {
  const socket = `unix://${nodePaths.socket}`;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: node,
    // Only what runs inside the sandbox reaches it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    oomScoreAdj: 0,
    containerRuntimeEndpoint: socket,
    imageServiceEndpoint: socket,
    clusterDNS: [node],
    clusterDomain,
    resolvConf: "",
    podLogsDir: nodePaths.podLogs,
    volumePluginDir: `${nodePaths.kubelet}/volume-plugins`,
    // The machine's disk is not the testbed's to judge.
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    maxPods: 250,
  };
}

export function kubeProxyConfig(kubeconfig: string): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clientConnection: { kubeconfig },
    hostnameOverride: nodeName,
    clusterCIDR: podRange,
    // The limits of the machine's connection tracking are not the testbed's to change.
    conntrack: { maxPerCore: 0, min: 0 },
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
  };
}

export function corefile(kubeconfig: string): string {
  return `.:53 {
  bind ${node}
  errors
  ready 127.0.0.1:8181
  kubernetes ${clusterDomain} {
    kubeconfig ${kubeconfig} testbed
    ttl 5
  }
}
`;
}
