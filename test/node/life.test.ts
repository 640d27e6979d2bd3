import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@cocktail/test-support";
import { connect, deployment, meshNamespace } from "@cocktail/testbed";
import { z } from "zod";

const main = fileURLToPath(new URL("../../testbed/src/main.ts", import.meta.url));

/** A second node inside the testbed that this suite runs in: namespaces nest, so that its end can be watched from outside. */
describe("a testbed of profile node", () => {
  let state = "";
  before(async () => {
    state = await mkdtemp(join(tmpdir(), "cocktail-nodes-"));
  });
  after(() => rm(state, { recursive: true, force: true }));

  function testbed(...args: readonly string[]): Promise<{ code: number; text: string }> {
    const env = { ...process.env, XDG_STATE_HOME: state };
    const words = ["--conditions=@cocktail/source", main, ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, words, { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
      );
    });
  }

  test("down after kill -9 leaves no process, mount, interface, cgroup or namespace, and the other node untouched", async () => {
    const outer = connect();
    const mine = { namespace: "node-life", service: "kept" };
    await outer.apply(meshNamespace(mine.namespace), deployment(mine));
    await outer.readyPods(mine.namespace, "app=kept");
    const earlier = traces();

    const up = await testbed("up", "--profile", "node", "--name", "killed");
    assert.equal(up.code, 0, up.text);
    const pods = await testbed("run", "--name", "killed", "--", "sh", "-c", startPods);
    assert.equal(pods.code, 0, pods.text);
    const during = added(earlier, traces());
    assert.ok(during.processes.some((one) => one.includes("istio-proxy") || one.includes("envoy")));
    for (const kind of ["processes", "cgroups", "namespaces"] as const)
      assert.notDeepEqual(during[kind], [], kind);
    // A kubelet writes kernel settings of the whole machine; here it finds files of the testbed's own in their place.
    const settings = await testbed("run", "--name", "killed", "--", "cat", "/proc/self/mounts");
    for (const one of ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"])
      assert.match(settings.text, new RegExp(`^tmpfs /proc/sys/${one} `, "m"));
    const second = await testbed("up", "--profile", "node", "--name", "killed");
    assert.equal(second.code, 4, second.text);

    const directory = join(state, "cocktail/testbed/killed");
    const { pid } = z
      .object({ pid: z.number() })
      .parse(JSON.parse(readFileSync(join(directory, "run.json"), "utf8")));
    process.kill(pid, "SIGKILL");
    const down = await testbed("down", "--name", "killed");
    assert.equal(down.code, 0, down.text);
    assert.equal(existsSync(directory), false);
    await until(
      "everything of the killed testbed to be gone",
      () => Object.values(added(earlier, traces())).every((one) => one.length === 0),
      { ms: 20_000, everyMs: 100, seen: () => added(earlier, lastTraces) },
    );
    await outer.readyPods(mine.namespace, "app=kept");
    assert.deepEqual(await restarts(mine.namespace), [0, 0]);
    await outer.remove(meshNamespace(mine.namespace));
  });

  async function restarts(namespace: string): Promise<readonly number[]> {
    const schema = z.object({
      items: z.array(
        z.object({
          status: z.object({ containerStatuses: z.array(z.object({ restartCount: z.number() })) }),
        }),
      ),
    });
    const { items } = schema.parse(
      await connect().api.call("GET", `/api/v1/namespaces/${namespace}/pods`),
    );
    return items.flatMap(({ status }) => status.containerStatuses.map((one) => one.restartCount));
  }
});

/** In the second testbed: its own pods, with sidecars. */
const startPods = `kubectl apply -f ${fileURLToPath(new URL("../../examples/mesh/shop.yaml", import.meta.url))} && kubectl wait -n shop --timeout=120s --for=condition=Available deployment --all`;

type Kind = "processes" | "mounts" | "interfaces" | "cgroups" | "namespaces";
type Traces = Readonly<Record<Kind, readonly string[]>>;

let lastTraces: Traces;

/** What of a testbed can be seen from outside it. Threads of the kernel and short commands of this test's own are no trace. */
function traces(): Traces {
  const pids = readdirSync("/proc").filter((one) => /^\d+$/.test(one));
  const processes = pids.flatMap((pid) => {
    const line = readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    return line === "" ? [] : [`${pid} ${line}`];
  });
  const namespaces = pids.flatMap((pid) =>
    ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"].flatMap((kind) => {
      try {
        return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
      } catch {
        return [];
      }
    }),
  );
  lastTraces = {
    processes,
    namespaces,
    mounts: readFileSync("/proc/self/mounts", "utf8").split("\n"),
    interfaces: readFileSync("/proc/self/net/dev", "utf8").match(/^\s*\S+:/gm) ?? [],
    cgroups: cgroupsBelow("/sys/fs/cgroup").filter((one) => one.includes("cocktail-testbed-")),
  };
  return lastTraces;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function cgroupsBelow(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((one) => {
      const path = join(directory, one.name);
      return one.isDirectory() ? [path, ...cgroupsBelow(path)] : [];
    });
  } catch {
    return [];
  }
}

function added(earlier: Traces, now: Traces): Traces {
  const only = (kind: Kind): readonly string[] => {
    const known = new Set(earlier[kind]);
    return [...new Set(now[kind])].filter((one) => !known.has(one));
  };
  return {
    processes: only("processes"),
    mounts: only("mounts"),
    interfaces: only("interfaces"),
    cgroups: only("cgroups"),
    namespaces: only("namespaces"),
  };
}
