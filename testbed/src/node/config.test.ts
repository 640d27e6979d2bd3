import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { placeOf } from "../sandbox/place.ts";
import { cgroupOf } from "./cgroups.ts";
import { cniConfig, containerdConfig, corefile, kubeletConfig } from "./config.ts";
import { placeInside } from "./paths.ts";

const kubelet = z.object({
  cgroupRoot: z.string(),
  clusterDNS: z.array(z.string()),
  clusterDomain: z.string(),
  containerRuntimeEndpoint: z.string(),
  podLogsDir: z.string(),
});

test("two nodes have cgroups of their own", () => {
  const roots = ["one", "two"].map(
    (name) => kubelet.parse(kubeletConfig(cgroupOf(placeOf(name, "/state")))).cgroupRoot,
  );
  assert.equal(new Set(roots).size, 2);
  for (const root of roots) assert.match(root, /^\/cocktail-testbed-/);
});

test("pods ask the DNS server that runs, for the domain that it serves", () => {
  const { clusterDNS, clusterDomain } = kubelet.parse(kubeletConfig("any"));
  const [address] = clusterDNS;
  const text = corefile("/kubeconfig");
  assert.ok(text.includes(`bind ${address}\n`), text);
  assert.ok(text.includes(`kubernetes ${clusterDomain} {`), text);
});

test("kubelet and containerd meet at one socket, whose path the kernel can hold", () => {
  const { containerRuntimeEndpoint, podLogsDir } = kubelet.parse(kubeletConfig("any"));
  const socket = containerRuntimeEndpoint.replace(/^unix:\/\//, "");
  const text = containerdConfig({ runc: "/cache/runc", cni: ["/cache/ptp", "/cache/host-local"] });
  assert.ok(text.includes(`address = "${socket}"`), text);
  assert.ok(text.includes('bin_dirs = ["/cache/ptp","/cache/host-local"]'), text);
  assert.ok(socket.length < 108);
  assert.ok(podLogsDir.startsWith(placeInside));
});

test("no pod gets the address of the node", () => {
  const range = z.object({ subnet: z.string(), rangeStart: z.string(), gateway: z.string() });
  const schema = z.object({
    plugins: z.array(z.object({ ipam: z.object({ ranges: z.array(z.array(range)) }) })),
  });
  const [plugin] = schema.parse(cniConfig()).plugins;
  const [{ rangeStart, gateway } = { rangeStart: "", gateway: "" }] = plugin?.ipam.ranges[0] ?? [];
  const number = (ip: string): number =>
    ip.split(".").reduce((sum, one) => sum * 256 + Number(one), 0);
  assert.ok(number(rangeStart) > number(gateway));
});
