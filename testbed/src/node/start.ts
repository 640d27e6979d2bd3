import type { ProgramSpec } from "../inside/child.ts";
import type { Setting } from "../inside/control-plane.ts";
import type { RunTool } from "../install/tool.ts";
import {
  containerdSpec,
  coreDnsSpec,
  importImages,
  kubeletSpec,
  kubeProxySpec,
  schedulerSpec,
} from "./programs.ts";

export interface Steps {
  begin(spec: ProgramSpec): Promise<unknown>;
  step(name: string, work: () => Promise<unknown>): Promise<unknown>;
}

/** Starts what makes this sandbox a node of its own control plane, and waits until it runs pods. */
export async function startNode(
  setting: Setting,
  run: RunTool,
  { begin, step }: Steps,
): Promise<void> {
  await begin(containerdSpec(setting, run));
  await step("images", () => importImages(setting, run));
  await begin(kubeletSpec(setting));
  await begin(schedulerSpec(setting));
  await begin(kubeProxySpec(setting));
  await begin(coreDnsSpec(setting));
}
