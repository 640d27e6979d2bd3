import { setTimeout as delay } from "node:timers/promises";
import { type Answer, appPort, type Cluster, type Order, type TestPod } from "@cocktail/testbed";
import { hostOf } from "./mesh-objects.ts";

/** Where a merge or a branch is in its life, as far as its requests can tell. */
export type Phase = "absent" | "arriving" | "inForce" | "leaving" | "gone";

type Reached = "stable" | "branch";

/** Who may answer a request of a merge. */
const may: Readonly<Record<Phase, readonly Reached[]>> = {
  absent: ["stable"],
  arriving: ["stable", "branch"],
  inForce: ["branch"],
  leaving: ["branch", "stable"],
  gone: ["stable"],
};

/** The routes of the test say in this header of the request which of them it took: pods are shared, so that their names alone don't tell. */
export const takenHeader = "x-test-taken";

/** Requests for one merge. */
export interface Probe {
  readonly service: string;
  readonly key: string;
  /** The Service of the branch. */
  readonly branch: string;
  /** Set by whoever writes the merge to `arriving` and `leaving`, before the write; the answers move it on. Of variants, the writer sets all. */
  phase: Phase;
  /** When the phase began that the answers showed. */
  readonly since: Partial<Record<Phase, number>>;
  readonly answers: Record<Phase, number>;
}

interface Asked {
  readonly order: Order;
  readonly service: string;
  readonly probe: Probe | undefined;
  readonly phase: Phase;
}

/** Requests of one caller without a pause: those of stable, and those of every merge that is being tested. */
export class ChurnTraffic {
  readonly problems: string[] = [];
  readonly counts = { stable: 0, routed: 0 };
  readonly #options: Options;
  readonly #probes = new Set<Probe>();
  /** Merges that are gone, and keep being asked. */
  readonly #past: Probe[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  begin(target: Pick<Probe, "service" | "key" | "branch">): Probe {
    const answers = { absent: 0, arriving: 0, inForce: 0, leaving: 0, gone: 0 };
    const probe: Probe = { ...target, phase: "absent", since: {}, answers };
    this.#probes.add(probe);
    return probe;
  }

  end(probe: Probe): void {
    this.#probes.delete(probe);
    this.#past.push(probe);
    if (this.#past.length > keptProbes) this.#past.shift();
  }

  /** Until the signal. A batch that took long is followed by a larger one, so that the rate is kept. */
  async run(signal: AbortSignal): Promise<void> {
    const started = performance.now();
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - started) / 1000) * this.#options.perSecond);
      await this.#batch(due);
      await delay(batchMs);
    }
  }

  async #batch(due: number): Promise<void> {
    const { cluster, caller } = this.#options;
    const asked = this.#asked(due);
    const answers = await cluster.send(
      caller,
      asked.map(({ order }) => order),
    );
    const now = performance.now();
    for (const [at, one] of asked.entries()) this.#judge(one, answers[at], now);
  }

  /** One for each probe, and as many more as keep the rates. */
  #asked(due: number): readonly Asked[] {
    const { services } = this.#options;
    const stable = Array.from({ length: due - this.counts.stable }, (_, at) => {
      const service = services[(this.counts.stable + at) % services.length] ?? "";
      return this.#stable(service);
    });
    const probes = [...this.#probes];
    const missing = Math.max(0, due - this.counts.routed - probes.length);
    const past = Array.from({ length: this.#past.length === 0 ? 0 : missing }, (_, at) => {
      return this.#past[(this.counts.routed + at) % this.#past.length];
    });
    const routed = [...probes, ...past.filter((one) => one !== undefined)];
    this.counts.stable += stable.length;
    this.counts.routed += routed.length;
    return [...stable, ...routed.map((probe) => this.#routed(probe))];
  }

  #stable(service: string): Asked {
    return { order: this.#order(service, []), service, probe: undefined, phase: "absent" };
  }

  #routed(probe: Probe): Asked {
    const { service, key, phase } = probe;
    const headers = ["x-service-route", `other:a::${service}:${key}`];
    return { order: this.#order(service, headers), service, probe, phase };
  }

  #order(service: string, headers: readonly string[]): Order {
    return { host: hostOf(service, this.#options.namespace), port: appPort, headers };
  }

  #judge(asked: Asked, answer: Answer | undefined, now: number): void {
    const { service, probe, phase } = asked;
    const taken = takenBy(answer);
    const reached = this.#options.ownPods === true ? podOf(asked, answer) : reachedBy(asked, taken);
    const allowed = probe === undefined ? may.absent : [...may[phase], ...may[probe.phase]];
    if (reached === undefined || !allowed.includes(reached)) {
      const what = probe === undefined ? "without a route" : `for ${probe.key}, ${phase}`;
      const when = new Date().toISOString();
      this.problems.push(`${when}: a request of ${service} ${what}: ${taken}`);
    } else if (probe !== undefined) {
      if (this.#options.ownPods === true) probe.answers[phase] += 1;
      else advance(probe, phase, reached, now);
    }
  }
}

interface Options {
  readonly cluster: Cluster;
  readonly caller: TestPod;
  readonly namespace: string;
  readonly services: readonly string[];
  /** Requests without a route; at least as many with one. */
  readonly perSecond: number;
  /** Each branch has pods of its own, whose answers name them, and its object says when it is in force: the answers move no phase. */
  readonly ownPods?: boolean;
}

const batchMs = 20;
const keptProbes = 40;

function advance(probe: Probe, phase: Phase, reached: Reached, now: number): void {
  probe.answers[phase] += 1;
  const isIn = probe.phase === "arriving" && reached === "branch";
  const isOut = probe.phase === "leaving" && phase === "leaving" && reached === "stable";
  if (!isIn && !isOut) return;
  probe.phase = isIn ? "inForce" : "gone";
  probe.since[probe.phase] = now;
}

function reachedBy({ service, probe }: Asked, taken: string): Reached | undefined {
  if (taken === `${service}:stable by stable:stable`) return "stable";
  const isBranch =
    probe !== undefined && taken === `${service}:${probe.key} by ${probe.branch}:stable`;
  return isBranch ? "branch" : undefined;
}

function podOf({ service, probe }: Asked, answer: Answer | undefined): Reached | undefined {
  if (answer?.status !== 200) return undefined;
  const { served } = JSON.parse(answer.body) as { readonly served: string };
  if (served === `${service}:stable`) return "stable";
  return probe !== undefined && served === `${service}:${probe.key}` ? "branch" : undefined;
}

/** The route that a request took, and the pod that answered; the status where that isn't 200. */
function takenBy(answer: Answer | undefined): string {
  if (answer?.status !== 200) return `${answer?.status} ${answer?.error ?? answer?.body}`;
  const { served, headers } = JSON.parse(answer.body) as {
    readonly served: string;
    readonly headers: readonly string[];
  };
  const at = headers.findIndex((one, index) => index % 2 === 0 && one === takenHeader);
  return `${headers[at + 1]} by ${served}`;
}
