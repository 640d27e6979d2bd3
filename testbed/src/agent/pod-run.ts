import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Running, startProgram } from "../inside/child.ts";
import type { KubeApi } from "../inside/kube-api.ts";
import { addPodNetwork, inPod, removePodNetwork } from "../inside/network.ts";
import type { RunTool } from "../install/tool.ts";
import { commandOf } from "./images.ts";
import { environmentOf, type Pod, probeOf } from "./pod.ts";
import { adminPort, bootstrapOf, type SidecarOwner } from "./sidecar.ts";
import { withVolumes } from "./volumes.ts";

export interface PodSetting {
  readonly api: KubeApi;
  readonly run: RunTool;
  readonly logs: string;
  readonly data: string;
  readonly envoy: string;
}

export interface ContainerState {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restarts: number;
}

/** One pod that runs here: its network, its sidecar and its containers, each of which is started again when it exits. */
export class PodRun {
  readonly pod: Pod;
  readonly ip: string;
  readonly #setting: PodSetting;
  readonly #id: number;
  readonly #sidecar: boolean;
  readonly #ended = new AbortController();
  readonly #processes = new Map<string, Running>();
  readonly #restarts = new Map<string, number>();
  readonly #loops: Promise<void>[] = [];

  constructor(pod: Pod, id: number, sidecar: boolean, setting: PodSetting) {
    this.pod = pod;
    this.ip = `10.244.${1 + Math.floor(id / 250)}.${1 + (id % 250)}`;
    this.#id = id;
    this.#sidecar = sidecar;
    this.#setting = setting;
  }

  get #namespace(): string {
    return `pod-${this.#id}`;
  }

  get #owner(): SidecarOwner {
    const { name, namespace, labels } = this.pod.metadata;
    return { name, namespace, labels, ip: this.ip, interception: "NONE" };
  }

  async start(): Promise<void> {
    const { api, run, data, envoy } = this.#setting;
    await addPodNetwork(run, { id: this.#id, namespace: this.#namespace, ip: this.ip });
    if (this.#sidecar) {
      const file = join(data, `${this.#namespace}.json`);
      mkdirSync(data, { recursive: true });
      writeFileSync(file, JSON.stringify(bootstrapOf(this.#owner)));
      const options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warn"];
      const command = [envoy, "-c", file, ...options];
      this.#loops.push(this.#keep("istio-proxy", () => Promise.resolve(command), {}));
    }
    for (const one of this.pod.spec.containers) {
      // In this form of interception an application reaches every service at 127.0.0.1, by its Host.
      const via = this.#sidecar ? { COCKTAIL_TEST_VIA: "127.0.0.1" } : {};
      const env = { ...via, ...environmentOf(this.pod, one, this.ip) };
      const command = commandOf(one);
      const withMounts = async (): Promise<readonly string[]> => [
        ...(await withVolumes(api, this.pod, one, data)),
        ...command,
      ];
      this.#loops.push(this.#keep(one.name, withMounts, env));
    }
  }

  async #keep(
    name: string,
    command: () => Promise<readonly string[]>,
    env: Record<string, string>,
  ): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        await this.#once(name, await command(), env);
      } catch (error) {
        process.stderr.write(`agent: ${this.pod.metadata.name}: ${String(error)}\n`);
      }
      await delay(500, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  /** One run of a container, which inherits nothing of who started the testbed. */
  async #once(
    name: string,
    command: readonly string[],
    env: Record<string, string>,
  ): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const { namespace, name: pod } = this.pod.metadata;
    const [first = "", ...rest] = inPod(this.#namespace);
    const running = startProgram(
      {
        name: `${namespace}.${pod}.${name}`,
        command: [first, ...rest, ...command],
        env: { PATH: process.env["PATH"], ...env },
      },
      this.#setting.logs,
    );
    this.#processes.set(name, running);
    await running.exited;
    this.#processes.delete(name);
    if (!this.#ended.signal.aborted) this.#restarts.set(name, (this.#restarts.get(name) ?? 0) + 1);
  }

  /** Of the containers and the sidecar, as their probes answer now. */
  async states(): Promise<readonly ContainerState[]> {
    const state = async (name: string, image: string, probe?: string): Promise<ContainerState> => ({
      name,
      image,
      ready: this.#processes.has(name) && (probe === undefined || (await answers(probe))),
      restarts: this.#restarts.get(name) ?? 0,
    });
    const admin = `http://${this.ip}:${adminPort}/ready`;
    return await Promise.all([
      ...this.pod.spec.containers.map((one) => state(one.name, one.image, probeOf(one, this.ip))),
      ...(this.#sidecar ? [state("istio-proxy", "envoy", admin)] : []),
    ]);
  }

  /** As a kubelet does: the application first, SIGKILL after its grace period, then the sidecar. */
  async stop(): Promise<void> {
    this.#ended.abort();
    const grace = this.pod.spec.terminationGracePeriodSeconds * 1000;
    const names = this.pod.spec.containers.map(({ name }) => name);
    await Promise.all(names.map((name) => this.#end(name, grace)));
    await this.#end("istio-proxy", 0);
    await Promise.all(this.#loops);
    await removePodNetwork(this.#setting.run, this.#namespace);
  }

  async #end(name: string, graceMs: number): Promise<void> {
    const running = this.#processes.get(name);
    if (running === undefined) return;
    if (graceMs > 0) signal(running, "SIGTERM");
    await Promise.race([running.exited, delay(graceMs, undefined, { ref: false })]);
    signal(running, "SIGKILL");
    await running.exited;
  }
}

/** To the whole group: a container may have started others. */
function signal({ child: { pid } }: Running, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // it ended by itself
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url, { signal: AbortSignal.timeout(1000) });
    return ok;
  } catch {
    return false;
  }
}
