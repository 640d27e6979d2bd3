import { setTimeout as delay } from "node:timers/promises";
import { nodeName } from "../inside/addresses.ts";
import { mergePatch } from "../inside/kube-api.ts";
import { planPods, type RunState } from "./plan.ts";
import { namespaceList, type Pod, podList, wantsSidecar } from "./pod.ts";
import { PodRun, type PodSetting } from "./pod-run.ts";
import { statusOf } from "./status.ts";

/**
 * Stands for kubelet and scheduler where containers can't run: binds every pod to the one node, runs its containers as processes in a
 * network namespace of its own and reports their state. All else (deployments, endpoints, garbage collection) is Kubernetes itself.
 */
export class Agent {
  readonly #setting: PodSetting;
  readonly #runs = new Map<string, PodRun>();
  readonly #stopping = new Set<string>();
  readonly #told = new Map<string, string>();
  #lastId = 0;

  constructor(setting: PodSetting) {
    this.#setting = setting;
  }

  /** Reconciles until the process ends. A failed round is tried again: the next list shows what is still to do. */
  async run(): Promise<never> {
    for (;;) {
      await this.#round().catch((error: unknown) =>
        process.stderr.write(`agent: ${String(error)}\n`),
      );
      await delay(100);
    }
  }

  async #round(): Promise<void> {
    const { items } = podList.parse(
      await this.#setting.api.call("GET", "/api/v1/pods?resourceVersion=0"),
    );
    const namespaces = namespaceList.parse(
      await this.#setting.api.call("GET", "/api/v1/namespaces?resourceVersion=0"),
    );
    const labels = new Map(namespaces.items.map((one) => [one.metadata.name, one.metadata.labels]));
    const running = new Map(
      [...this.#runs.keys()].map((uid): [string, RunState] => [
        uid,
        this.#stopping.has(uid) ? "stopping" : "running",
      ]),
    );
    for (const action of planPods(items, running)) {
      if (action.kind === "stop") void this.#stop(action.uid);
      else if (action.kind === "release") await this.#release(action.pod);
      else await this.#start(action.pod, labels.get(action.pod.metadata.namespace) ?? {});
    }
    await Promise.all([...this.#runs.values()].map((run) => this.#report(run)));
  }

  async #start(pod: Pod, namespaceLabels: Readonly<Record<string, string>>): Promise<void> {
    if (pod.spec.nodeName === undefined) await this.#bind(pod);
    this.#lastId += 1;
    const sidecar = wantsSidecar(pod, namespaceLabels);
    const run = new PodRun(pod, this.#lastId, sidecar, this.#setting);
    this.#runs.set(pod.metadata.uid, run);
    await run.start();
  }

  async #bind(pod: Pod): Promise<void> {
    await this.#setting.api.call("POST", `${pathOf(pod)}/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: pod.metadata.name },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    });
  }

  async #stop(uid: string): Promise<void> {
    this.#stopping.add(uid);
    await this.#runs.get(uid)?.stop();
    this.#runs.delete(uid);
    this.#stopping.delete(uid);
    this.#told.delete(uid);
  }

  async #release(pod: Pod): Promise<void> {
    const preconditions = { uid: pod.metadata.uid };
    const options = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: 0,
      preconditions,
    };
    await this.#setting.api.raw("DELETE", pathOf(pod), options);
  }

  /** Writes the status when it changed: an unchanged write would wake every watcher. */
  async #report(run: PodRun): Promise<void> {
    const { uid } = run.pod.metadata;
    const states = await run.states();
    const told = JSON.stringify(states);
    if (this.#told.get(uid) === told) return;
    const status = statusOf(run.ip, states, new Date());
    const answer = await this.#setting.api.raw(
      "PATCH",
      `${pathOf(run.pod)}/status`,
      { status },
      mergePatch,
    );
    if (answer.status === 200) this.#told.set(uid, told);
  }
}

function pathOf({ metadata: { namespace, name } }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}
