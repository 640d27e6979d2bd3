import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf } from "../sandbox/place.ts";
import { cgroupOf, parseHierarchies } from "./cgroups.ts";

test("hierarchies of version 1 are told with their controllers, those of version 2 without", () => {
  const mounts = `proc /proc proc rw,relatime 0 0
tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,nodev,noexec,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/systemd cgroup ro,relatime,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime,nsdelegate 0 0
`;
  assert.deepEqual(parseHierarchies(mounts), [
    {
      version: 1,
      mountPoint: "/sys/fs/cgroup/cpu,cpuacct",
      writable: true,
      controllers: ["cpu", "cpuacct"],
    },
    { version: 1, mountPoint: "/sys/fs/cgroup/systemd", writable: false, controllers: [] },
    { version: 2, mountPoint: "/sys/fs/cgroup/unified", writable: true, controllers: [] },
  ]);
});

test("a mount over another counts once", () => {
  const line = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0";
  assert.equal(parseHierarchies(`${line.replace("rw", "ro")}\n${line}`).length, 1);
  assert.equal(parseHierarchies(`${line.replace("rw", "ro")}\n${line}`)[0]?.writable, true);
});

test("two testbeds of one name, of two users or state directories, have cgroups of their own", () => {
  assert.notEqual(cgroupOf(placeOf("a", "/one")), cgroupOf(placeOf("a", "/two")));
  assert.equal(cgroupOf(placeOf("a", "/one")), cgroupOf(placeOf("a", "/one")));
});
