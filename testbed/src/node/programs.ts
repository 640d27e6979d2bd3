import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { z } from "zod";
import type { ProgramSpec } from "../inside/child.ts";
import { answers, type Setting } from "../inside/control-plane.ts";
import { nodeImages } from "../images/images.ts";
import { writeImage } from "../images/image.ts";
import { node, nodeName } from "../inside/addresses.ts";
import type { RunTool } from "../install/tool.ts";
import { cgroupOf } from "./cgroups.ts";
import { cniConfig, containerdConfig, corefile, kubeletConfig, kubeProxyConfig } from "./config.ts";
import { iptablesEnvironment } from "./iptables.ts";
import { nodePaths } from "./paths.ts";

const cniPlugins = ["ptp", "host-local"] as const;

function writeConfig(directory: string, name: string, content: string | object): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  return file;
}

export function containerdSpec({ programOf }: Setting, run: RunTool): ProgramSpec {
  const cni = cniPlugins.map((one) => dirname(programOf(one)));
  writeConfig(nodePaths.cniConfig, "testbed.conflist", cniConfig());
  const content = containerdConfig({ runc: programOf("runc"), cni });
  const config = writeConfig(nodePaths.config, "containerd.toml", content);
  const words = ["--address", nodePaths.socket, "version"];
  return {
    name: "containerd",
    command: [programOf("containerd"), "--config", config],
    // containerd starts a shim for each pod, by its name.
    env: { PATH: onPath(dirname(programOf("containerd-shim-runc-v2"))) },
    ready: async () => {
      await run(programOf("ctr"), words, {});
      return true;
    },
  };
}

const onPath = (directory: string): string =>
  [directory, process.env["PATH"] ?? ""].join(delimiter);

/** Packs the images and hands them to containerd, in the namespace that kubelet uses. */
export async function importImages({ place, programOf }: Setting, run: RunTool): Promise<void> {
  for (const image of await nodeImages(programOf, run)) {
    const archive = join(place.data, "image.tar");
    await writeImage(image, archive);
    const words = ["--address", nodePaths.socket, "--namespace", "k8s.io", "images", "import"];
    await run(programOf("ctr"), [...words, archive], {});
  }
}

export function kubeletSpec({ place, programOf, api }: Setting): ProgramSpec {
  const config = writeConfig(nodePaths.config, "kubelet.yaml", kubeletConfig(cgroupOf(place)));
  const options = [
    `--config=${config}`,
    `--kubeconfig=${place.kubeconfig}`,
    `--root-dir=${nodePaths.kubelet}`,
    `--cert-dir=${nodePaths.kubelet}/pki`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${node}`,
  ];
  const ready = async (): Promise<boolean> =>
    isReadyNode((await api.raw("GET", `/api/v1/nodes/${nodeName}`)).body);
  return { name: "kubelet", command: [programOf("kubelet"), ...options], ready };
}

const nodeSchema = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
});

function isReadyNode(body: unknown): boolean {
  const { conditions } = nodeSchema.parse(body).status;
  return conditions.some((one) => one.type === "Ready" && one.status === "True");
}

export function schedulerSpec({ place, programOf }: Setting): ProgramSpec {
  const options = [
    `--kubeconfig=${place.kubeconfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
  ];
  const command = [programOf("kube-scheduler"), ...options] as const;
  return { name: "kube-scheduler", command, ready: () => Promise.resolve(true) };
}

export function kubeProxySpec({ place, programOf }: Setting): ProgramSpec {
  const content = kubeProxyConfig(place.kubeconfig);
  const config = writeConfig(nodePaths.config, "kube-proxy.yaml", content);
  const iptables = programOf("iptables");
  return {
    name: "kube-proxy",
    command: [programOf("kube-proxy"), `--config=${config}`],
    env: { ...iptablesEnvironment(iptables), PATH: onPath(dirname(iptables)) },
    ready: () => answers("http://127.0.0.1:10256/healthz"),
  };
}

export function coreDnsSpec({ place, programOf }: Setting): ProgramSpec {
  const config = writeConfig(nodePaths.config, "Corefile", corefile(place.kubeconfig));
  return {
    name: "coredns",
    command: [programOf("coredns"), "-conf", config],
    ready: () => answers("http://127.0.0.1:8181/ready"),
  };
}
