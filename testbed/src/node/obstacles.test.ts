import assert from "node:assert/strict";
import { test } from "node:test";
import { ToolFailed } from "../install/tool.ts";
import { placeOf } from "../sandbox/place.ts";
import { type MachineFacts, obstaclesOf, tryKernel } from "./obstacles.ts";

const fit: MachineFacts = {
  uid: 0,
  filesystems: "nodev\tproc\n\text4\nnodev\toverlay\n",
  hierarchies: [{ version: 2, mountPoint: "/sys/fs/cgroup", writable: true, controllers: [] }],
  unifiedControllers: ["cpu", "cpuset", "memory", "pids"],
};

test("a fit machine has no obstacle, with cgroups of either version", () => {
  assert.deepEqual(obstaclesOf(fit), []);
  const controllers = [["cpu", "cpuacct"], ["cpuset"], ["memory"], ["pids"], []];
  const hierarchies = controllers.map((one) => ({
    version: 1 as const,
    mountPoint: `/sys/fs/cgroup/${one.join()}`,
    writable: true,
    controllers: one,
  }));
  assert.deepEqual(obstaclesOf({ ...fit, hierarchies, unifiedControllers: [] }), []);
});

test("each thing that is missing is told with what to do", () => {
  const [cgroup] = fit.hierarchies;
  assert.ok(cgroup);
  for (const [change, told] of [
    [{ uid: 1000 }, /not root \(user 1000\).*run it as root/],
    [{ filesystems: "nodev\toverlayfs\n" }, /no overlay filesystem: modprobe overlay/],
    [{ unifiedControllers: ["cpu", "memory", "pids"] }, /no cgroup controller cpuset/],
    [{ hierarchies: [{ ...cgroup, writable: false }] }, /\/sys\/fs\/cgroup is mounted read-only/],
  ] as const) {
    const obstacles = obstaclesOf({ ...fit, ...change });
    assert.equal(obstacles.length, 1, obstacles.join("\n"));
    assert.match(obstacles.join(), told);
  }
});

test("what the kernel refuses is told with the error of the command that failed", async () => {
  const place = placeOf("none", "/nowhere");
  const refused = await tryKernel(
    (_program, args) =>
      args.at(-1)?.includes("veth")
        ? Promise.reject(new ToolFailed("ip: exit 2\nRTNETLINK answers: Operation not supported"))
        : Promise.resolve(),
    place,
    "/cache/iptables/iptables",
  );
  assert.equal(refused.length, 1);
  assert.match(refused.join(), /CONFIG_VETH\n {2}ip: exit 2\n {2}RTNETLINK answers/);
});
