import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteObject, getObject, type HttpApi } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Cluster, connect, meshNamespace } from "@cocktail/testbed";
import { faultProxy, type FaultProxy } from "../support/fault-proxy.ts";
import { realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { plainTarget, podlessService, removeMerge } from "../support/merge-fixtures.ts";
import {
  applyDefinitions,
  branchMerge,
  mergeKind,
  routeNames,
  startOperator,
  virtualServices,
} from "../support/merges.ts";
import { stretchesOf, termsOf } from "../support/terms.ts";

const namespace = "merge-replicas";

/** A wall clock an hour ahead; nothing of an election may depend on it. */
const skewed = `data:text/javascript,${encodeURIComponent(
  "const real = Date.now; Date.now = () => real() + 3600000;",
)}`;

/** A replica, and the API as it alone reaches it. */
interface Replica extends AsyncDisposable {
  readonly process: LinesProcess;
  readonly leads: () => boolean;
}

describe("two replicas of the operator", () => {
  let api: HttpApi;
  let cluster: Cluster;
  /** Who wrote VirtualServices, in the order in which the API got the writes. */
  const writers: string[] = [];

  before(async () => {
    api = realApi();
    cluster = connect();
    await cluster.apply(meshNamespace(namespace));
    await applyDefinitions(cluster);
    await cluster.apply(
      podlessService(namespace, "stable"),
      podlessService(namespace, "branch"),
      plainTarget(namespace, "target"),
    );
  });
  after(async () => {
    await cluster.remove(meshNamespace(namespace));
    await api.close();
  });

  async function replica(name: string, env: NodeJS.ProcessEnv = {}): Promise<Replica> {
    const proxy: FaultProxy = await faultProxy();
    proxy.faultOf = ({ method, path }) => {
      if (method === "PUT" && path.includes("/virtualservices/")) writers.push(name);
      return undefined;
    };
    const process = startOperator([namespace], {
      words: ["--batch-ms=0", `--kubeconfig=${proxy.kubeconfig}`],
      env: { ...globalThis.process.env, ...env },
    });
    const said = (text: string): number =>
      process.lines.filter((line) => line.includes(`"msg":"${text}"`)).length;
    return {
      process,
      leads: () => said("leads") > said("leads no more"),
      [Symbol.asyncDispose]: async () => {
        process.signal("SIGKILL");
        await process.exited;
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  /** Merges that come and go, so that there is always something to write. */
  async function churn(signal: AbortSignal): Promise<void> {
    for (let at = 0; !signal.aborted; at++) {
      const name = `churn-${at % 5}`;
      const target = { name: "target" };
      await cluster.apply(branchMerge(namespace, name, { target, key: `k${at}`, host: "branch" }));
      if (at % 2 === 0) await deleteObject(api, mergeKind.deck, { namespace, name });
    }
  }

  async function settle(): Promise<void> {
    for (let at = 0; at < 5; at++) await removeMerge(api, { namespace, name: `churn-${at}` });
    await until(
      "the base",
      async () => {
        const object = await getObject(api, virtualServices, { namespace, name: "target" });
        return routeNames(object).join() === "stable";
      },
      { ms: 20_000 },
    );
  }

  /** Twice: the second time the wall clocks differ by an hour. */
  async function never(hurt: (leader: LinesProcess) => void): Promise<void> {
    await twoWriters(hurt, {});
    await twoWriters(hurt, { NODE_OPTIONS: `--import=${skewed}` });
  }

  async function twoWriters(
    hurt: (leader: LinesProcess) => void,
    env: NodeJS.ProcessEnv,
  ): Promise<void> {
    writers.length = 0;
    await using a = await replica("a");
    await using b = await replica("b", env);
    await until("a leader", () => a.leads() || b.leads(), { ms: 20_000 });
    const [first, second] = a.leads() ? [a, b] : [b, a];
    const next = first === a ? "b" : "a";
    const end = new AbortController();
    const churning = churn(end.signal);
    await until("writes", () => writers.length > 5, { ms: 20_000 });
    hurt(first.process);
    await until("the other one to lead", () => second.leads(), { ms: 20_000 });
    await until("it to write", () => writers.at(-1) === next, { ms: 20_000 });
    first.process.signal("SIGCONT");
    const seen = writers.length;
    await until("more writes", () => writers.length > seen + 10, { ms: 20_000 });
    end.abort();
    await churning;
    await settle();
    const terms = termsOf(a.process) + termsOf(b.process);
    assert.ok(stretchesOf(writers) >= 2);
    assert.ok(stretchesOf(writers) <= terms, `${terms} terms, but ${writers.join(" ")}`);
  }

  test("a leader is killed: never two writers", () => never((one) => one.signal("SIGKILL")));
  test("a leader is paused past its lease, and wakes: never two writers", () =>
    never((one) => one.signal("SIGSTOP")));
  test("a leader ends in order: never two writers", () => never((one) => one.signal("SIGTERM")));
});
