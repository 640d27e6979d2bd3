import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { RunTool } from "../install/tool.ts";
import type { Place } from "../sandbox/place.ts";
import { makeCgroups } from "./cgroups.ts";
import { placeInside } from "./paths.ts";

/** What kubelet wants of the kernel. It writes what differs, and these settings are the whole machine's. */
const kernelSettings: Readonly<Record<string, string>> = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
};

/**
 * Keeps a node's traces inside: whatever kubelet, containerd and the network plugins write to fixed places ends with the sandbox's mounts.
 * Its cgroups alone are the machine's; `down` removes them.
 */
export async function isolateNode(place: Place, run: RunTool): Promise<void> {
  makeCgroups(place);
  const mount = (...words: readonly string[]): Promise<void> => run("mount", words, {});
  mkdirSync(placeInside);
  await mount("--bind", place.directory, placeInside);
  const layers = ["/run/var/upper", "/run/var/work"] as const;
  for (const layer of layers) mkdirSync(layer, { recursive: true });
  const options = `lowerdir=/var,upperdir=${layers[0]},workdir=${layers[1]}`;
  await mount("-t", "overlay", "-o", options, "overlay", "/var");
  await mount("--bind", placeInside, place.directory); // in case it lies below /var
  for (const [name, value] of Object.entries(kernelSettings)) {
    const real = `/proc/sys/${name}`;
    const shown = `/run/${name.replaceAll("/", "-")}`;
    if (!existsSync(real)) continue;
    writeFileSync(shown, `${value}\n`);
    await mount("--bind", shown, real);
  }
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1"); // of this network alone
}
