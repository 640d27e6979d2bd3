import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { z } from "zod";

import { until } from "@cocktail/test-support";
import type { ServiceConfig } from "../config/config.ts";
import { LogBook } from "../logs/log-book.ts";
import { findMarked } from "../processes/process-list.ts";
import { openProcessRecords } from "../processes/process-records.ts";
import { WorkingCopies } from "../sources/working-copies.ts";
import { Worktrees } from "../sources/worktree.ts";
import { silent } from "../testing/silent.ts";
import { git, temporary, write } from "../testing/temporary.ts";
import type { IncarnationRef, WorkloadSpec, WorkloadStatus } from "./platform.ts";
import { isFree, PortPool } from "./ports.ts";
import { Preparations } from "./preparation.ts";
import { Supervisor, type SupervisorOptions } from "./supervisor.ts";

/** Answers what it is; `/die` ends it. Its health can be spoiled by a file. */
const server = `
  const http = require("node:http"), fs = require("node:fs");
  if (fs.existsSync("broken")) { console.error("broken by a file"); process.exit(3); }
  console.log("listening on " + process.env.PORT);
  http.createServer((request, response) => {
    if (request.url === "/die") process.exit(1);
    if (request.url === "/healthz") return response.writeHead(fs.existsSync("sick") ? 503 : 200).end();
    response.end(JSON.stringify(process.env));
  }).listen(process.env.PORT, process.env.HOST);
`;
const command = [process.execPath, "server.cjs"];
const ref: IncarnationRef = { service: "cart", key: "stable", incarnation: 1 };
const spec: WorkloadSpec = { ...ref, rollout: 1, source: { kind: "service" } };

interface Bench extends AsyncDisposable {
  readonly root: string;
  readonly runId: string;
  readonly supervisor: Supervisor;
  readonly released: readonly string[];
  readonly cart: string;
  phase(expected: WorkloadStatus["phase"], of?: IncarnationRef): Promise<WorkloadStatus>;
  ask(status: WorkloadStatus, path?: string): Promise<Record<string, string>>;
  said(): Promise<string>;
}

function bench(
  change: Partial<ServiceConfig> = {},
  ending: Partial<SupervisorOptions> = {},
): Bench {
  const home = temporary({ "cart/server.cjs": server });
  const cart = join(home.path, "cart");
  const processes = join(home.path, "processes");
  mkdirSync(processes);
  const runId = randomUUID();
  const released: string[] = [];
  const records = openProcessRecords(processes, runId);
  const logs = new LogBook({ directory: join(home.path, "logs") });
  const service: ServiceConfig = {
    name: "cart",
    path: cart,
    ref: undefined,
    prepare: undefined,
    command,
    url: undefined,
    protocol: "auto",
    health: "/healthz",
    env: { FROM: "service", BOTH: "service" },
    envFiles: [],
    copyFiles: [],
    entry: true,
    entryHash: "",
    ...change,
  };
  const supervisor = new Supervisor({
    runId,
    inherited: {
      PATH: process.env["PATH"],
      PAYMENT_URL: "http://inherited",
      COCKTAIL_RUN_ID: "of another run",
      COCKTAIL_TOKEN: "of another run",
      DATABASE_URL: "of the surroundings",
      PORT: "of Cocktail itself",
    },
    records,
    logs,
    ports: new PortPool(),
    preparations: new Preparations(join(home.path, "prepared.json"), records),
    worktrees: new Worktrees(join(home.path, "worktrees")),
    workingCopies: new WorkingCopies(join(home.path, "working-copies.json")),
    log: silent,
    services: [service],
    graceMs: 2_000,
    ...ending,
    mesh: {
      addresses: async () => [{ service: "payment", host: "127.0.0.1", port: 4711 }],
      release: async (service, key) => void released.push(`${service}:${key}`),
    },
  });
  return {
    root: home.path,
    runId,
    supervisor,
    released,
    cart,
    phase: (expected, of = ref) =>
      until(
        `${of.service}:${of.key}#${of.incarnation} to be ${expected}`,
        () => {
          const status = supervisor.status(of);
          return status.phase === expected && status;
        },
        { seen: () => supervisor.status(of) },
      ),
    ask: async ({ destination = "" }, path = "/") => {
      const answer: unknown = await (
        await fetch(`${destination}${path}`, { headers: { connection: "close" } })
      ).json();
      return z.record(z.string(), z.string()).parse(answer);
    },
    said: async () => {
      const texts: string[] = [];
      for await (const { text } of supervisor.logs({ tail: 100, follow: false })) texts.push(text);
      return texts.join("\n");
    },
    [Symbol.asyncDispose]: async () => {
      await supervisor.stopAll();
      await logs.close();
      assert.deepEqual(await findMarked(runId), [], "no process of the run is left");
      assert.deepEqual(readdirSync(processes), [], "no record is left");
      home[Symbol.dispose]();
    },
  };
}

describe("the supervisor", () => {
  test("starts a service with its identity and addresses, and ends it", async () => {
    await using one = bench();
    assert.equal(one.supervisor.status(ref).phase, "Absent");
    await one.supervisor.ensureWorkload({
      ...spec,
      source: { kind: "service", env: { BOTH: "variant" } },
    });
    const ready = await one.phase("Ready");
    const env = await one.ask(ready);
    assert.equal(`http://${env["HOST"]}:${env["PORT"]}`, ready.destination);
    assert.equal(env["COCKTAIL_SERVICE"], "cart");
    assert.equal(env["COCKTAIL_VARIANT"], "stable");
    assert.equal(env["COCKTAIL_RUN_ID"], one.runId);
    assert.equal(env["COCKTAIL_TOKEN"], undefined, "nothing of an outer cocktail is handed on");
    assert.equal(env["DATABASE_URL"], "of the surroundings", "services read it too");
    assert.equal(env["COCKTAIL_HOSTS"], "127.0.0.1:4711");
    assert.equal(
      env["PAYMENT_URL"],
      "http://127.0.0.1:4711",
      "an inherited address is not the mesh's",
    );
    assert.equal(env["FROM"], "service");
    assert.equal(env["BOTH"], "variant");
    assert.match(ready.revision ?? "", /^content-/);
    assert.equal(ready.directory, one.cart);
    assert.match(await one.said(), /listening on/);
    assert.equal(await one.supervisor.removeWorkload(ref), "removed");
    assert.equal(one.supervisor.status(ref).phase, "Absent");
    assert.deepEqual(one.released, []);
    assert.equal(await isFree(Number(env["PORT"])), true);
    assert.equal(await one.supervisor.removeWorkload(ref), "absent");
    const released = await one.supervisor.releaseVariant("cart", "stable", { discard: false });
    assert.equal(released, "absent", "it has no checkout");
    assert.deepEqual(one.released, ["cart:stable"]);
  });

  test("a workload that is ensured twice is started once", async () => {
    await using one = bench();
    await Promise.all([one.supervisor.ensureWorkload(spec), one.supervisor.ensureWorkload(spec)]);
    const { pid } = await one.phase("Ready");
    await one.supervisor.ensureWorkload(spec);
    assert.equal((await one.phase("Ready")).pid, pid);
    assert.equal(one.supervisor.list().length, 1);
  });

  test("two incarnations run side by side", async () => {
    await using one = bench();
    const second = { ...ref, incarnation: 2 };
    await one.supervisor.ensureWorkload(spec);
    await one.supervisor.ensureWorkload({ ...spec, ...second });
    const [a, b] = [await one.phase("Ready"), await one.phase("Ready", second)];
    assert.notEqual(a.destination, b.destination);
    await one.supervisor.removeWorkload(ref);
    assert.equal((await one.ask(b))["COCKTAIL_INCARNATION"], "2");
  });

  test("a killed process is restarted at the same address, and listeners are notified", async () => {
    await using one = bench();
    await one.supervisor.ensureWorkload(spec);
    const before = await one.phase("Ready");
    const phases: string[] = [];
    one.supervisor.onChange((changed) => phases.push(one.supervisor.status(changed).phase));
    process.kill(before.pid ?? 0, "SIGKILL");
    const after = await until("another process", () => {
      const status = one.supervisor.status(ref);
      return status.phase === "Ready" && status.pid !== before.pid && status;
    });
    assert.equal(after.destination, before.destination);
    assert.equal(after.restarts, 1);
    assert.ok(phases.includes("NotReady") && phases.at(-1) === "Ready", phases.join());
  });

  test("five failures are a crash loop, and the output is in the log", async () => {
    await using one = bench();
    writeFileSync(join(one.cart, "broken"), "");
    await one.supervisor.ensureWorkload(spec);
    const status = await one.phase("CrashLoop");
    assert.equal(status.restarts, 5);
    assert.match(status.message, /exited with code 3; restarts in 60 s/);
    assert.match(await one.said(), /broken by a file/);
  });

  test("a missing program, a missing directory, a failed preparation: never ready", async () => {
    const failed = async (change: Partial<ServiceConfig>): Promise<WorkloadStatus> => {
      await using one = bench(change);
      await one.supervisor.ensureWorkload(spec);
      return await one.phase("Failed");
    };
    const program = await failed({ command: ["no-such-program"] });
    assert.equal(program.reason, "WorkloadFailed");
    assert.match(program.message, /no-such-program was not found/);
    assert.equal((await failed({ path: "/no/such/place" })).reason, "PathMissing");
    const prepare = await failed({ prepare: ["sh", "-c", "echo what went wrong; exit 4"] });
    assert.equal(prepare.reason, "PrepareFailed");
    assert.match(prepare.message, /exited with code 4; its last line: what went wrong/);
  });

  test("a preparation runs once for a directory and its lockfile, also for two at once", async () => {
    const prepare = ["sh", "-c", 'echo run >> ../runs; sleep 0.1; test -z "$PORT"'];
    await using one = bench({ prepare });
    const runs = (): number =>
      readFileSync(join(one.root, "runs"), "utf8").trim().split("\n").length;
    const start = async (incarnation: number): Promise<void> => {
      await one.supervisor.ensureWorkload({ ...spec, incarnation });
      await one.phase("Ready", { ...ref, incarnation });
    };
    await Promise.all([start(1), start(2)]);
    assert.equal(runs(), 1);
    writeFileSync(join(one.cart, "package-lock.json"), "{}");
    await start(3);
    assert.equal(runs(), 2);
  });

  test("an unhealthy service is not ready, and ready again when it recovers", async () => {
    await using one = bench();
    writeFileSync(join(one.cart, "sick"), "");
    await one.supervisor.ensureWorkload(spec);
    await until("the answer of its health check", () =>
      one.supervisor.status(ref).message.includes("answers 503"),
    );
    assert.equal(one.supervisor.status(ref).phase, "Starting");
    rmSync(join(one.cart, "sick"));
    await one.phase("Ready");
  });

  test("a port that another process took before the first readiness is replaced", async () => {
    // The first process only writes its port, which another process then takes.
    const first = `
      if (!require("node:fs").existsSync("../taken")) {
        require("node:fs").writeFileSync("../taken", process.env.PORT);
        process.exit(1);
      }
    `;
    await using one = bench();
    write(one.cart, { "server.cjs": first + server });
    const stranger = createServer((_, response) => response.writeHead(500).end());
    await one.supervisor.ensureWorkload(spec);
    const port = await until("the first port", () => {
      try {
        return Number(readFileSync(join(one.root, "taken"), "utf8")) || undefined;
      } catch {
        return undefined;
      }
    });
    await new Promise<void>((resolve) => stranger.listen(port, "127.0.0.1", resolve));
    const ready = await one.phase("Ready");
    assert.notEqual(ready.destination, `http://127.0.0.1:${port}`);
    stranger.close();
  });

  test("a URL is probed, never started", async () => {
    await using one = bench();
    const debugged = createServer((_, response) => response.end());
    await new Promise<void>((resolve) => debugged.listen(0, "127.0.0.1", resolve));
    const address = debugged.address();
    assert.ok(typeof address === "object" && address !== null);
    const url = `http://127.0.0.1:${address.port}`;
    await one.supervisor.ensureWorkload({ ...spec, source: { kind: "url", url } });
    const ready = await one.phase("Ready");
    assert.equal(ready.destination, url);
    assert.equal(ready.revision, "external");
    assert.equal(ready.pid, undefined);
    debugged.close();
  });

  test("a branch runs in a worktree, which goes with it unless work would be lost", async () => {
    await using one = bench();
    git(one.root, "init", "-q", "cart");
    git(one.cart, "add", ".");
    git(one.cart, "commit", "-qm", "one");
    git(one.cart, "branch", "feature/mp-1");
    const branch: IncarnationRef = { service: "cart", key: "mp-1", incarnation: 1 };
    await one.supervisor.ensureWorkload({
      ...branch,
      rollout: 1,
      source: { kind: "branch", branch: "feature/mp-1" },
    });
    const ready = await one.phase("Ready", branch);
    const commit = git(one.cart, "rev-parse", "feature/mp-1");
    assert.equal(ready.directory, join(one.root, `worktrees/cart.mp-1.${commit.slice(0, 12)}`));
    assert.equal(ready.revision, commit);
    assert.equal((await one.supervisor.uncommittedWork("cart", "mp-1")).length > 0, false);
    write(ready.directory ?? "", { "mine.txt": "work" });
    assert.equal((await one.supervisor.uncommittedWork("cart", "mp-1")).length > 0, true);
    assert.equal(await one.supervisor.removeWorkload(branch), "removed");
    const release = (discard: boolean): Promise<string> =>
      one.supervisor.releaseVariant("cart", "mp-1", { discard });
    assert.equal(await release(false), "holdsWork");
    assert.equal(await release(true), "released");
    assert.deepEqual(readdirSync(join(one.root, "worktrees")), []);
  });

  test("stopped during its preparation, nothing is started and nothing is left", async () => {
    await using one = bench({ prepare: ["sh", "-c", "echo preparing; sleep 100"] });
    await one.supervisor.ensureWorkload(spec);
    await until("the preparation", async () => (await one.said()).includes("preparing"));
    await one.supervisor.removeWorkload(ref);
    await one.supervisor.stopAll();
    await one.supervisor.ensureWorkload(spec);
    assert.equal(one.supervisor.status(ref).phase, "Absent", "after the end nothing begins");
  });

  test("the force signal also cuts short a removal in its grace period", async () => {
    const forceSignal = new AbortController();
    await using one = bench(
      { health: undefined },
      { graceMs: 60_000, forceSignal: forceSignal.signal },
    );
    write(one.cart, { "server.cjs": `process.on("SIGTERM", () => {}); ${server}` });
    await one.supervisor.ensureWorkload(spec);
    await one.phase("Ready");
    const removing = one.supervisor.removeWorkload(ref);
    forceSignal.abort();
    // Left alone, the service would have a minute.
    await until("it to be gone", () => one.supervisor.status(ref).phase === "Absent", {
      ms: 10_000,
    });
    assert.equal(await removing, "removed");
  });

  test("what can't work is rejected before anything is changed", async () => {
    await using one = bench();
    const admit = (request: object): ReturnType<Supervisor["admit"]> =>
      one.supervisor.admit({
        service: "cart",
        key: "mp-1",
        source: { kind: "service" },
        keeps: false,
        ...request,
      });
    const reason = async (request: object): Promise<string | undefined> => {
      const admission = await admit(request);
      return admission.kind === "refused" ? admission.refusal.reason : undefined;
    };
    assert.equal(await reason({}), undefined);
    assert.equal(await reason({ source: { kind: "directory", path: one.cart } }), undefined);
    assert.equal(
      await reason({ source: { kind: "directory", path: join(one.root, "none") } }),
      "PathMissing",
    );
    assert.equal(await reason({ source: { kind: "directory", path: "." } }), "PathMissing");
    assert.equal(await reason({ source: { kind: "url", url: "http://127.0.0.1:1" } }), undefined);
    assert.equal(await reason({ source: { kind: "url", url: "ftp://x" } }), "InvalidRequest");
    assert.equal(await reason({ source: { kind: "branch", branch: "x" } }), "NoRepository");
    assert.equal(await reason({ service: "other" }), "SourceMissing");
    const other = { service: "other", source: { kind: "directory", path: one.cart } };
    assert.equal(await reason(other), "CommandMissing");
    assert.equal(await reason({ ...other, command: ["x"] }), undefined);
    const image = { kind: "image", image: "cart", digest: "sha256:00" };
    assert.equal(await reason({ source: image }), "SourceUnsupported");
    git(one.root, "init", "-q", "cart");
    assert.equal(await reason({ source: { kind: "branch", branch: "x" } }), "BranchNotFound");
    assert.equal(
      await reason({ source: { kind: "branch", branch: "--upload-pack=x" } }),
      "BranchNotFound",
    );
  });

  test("a redeploy keeps where its code comes from, and what it leaves out", async () => {
    await using one = bench();
    const current = { kind: "directory", path: one.cart, env: { A: "1" }, command: ["run"] };
    const request = { service: "cart", key: "mp-1", keeps: true, current };
    const kept = await one.supervisor.admit(request);
    assert.deepEqual(kept, { kind: "admitted", source: current });
    const changed = await one.supervisor.admit({ ...request, env: { B: "2" } });
    assert.deepEqual(changed, { kind: "admitted", source: { ...current, env: { B: "2" } } });
    const replaced = await one.supervisor.admit({ ...request, keeps: false });
    assert.deepEqual(replaced, { kind: "admitted", source: { kind: "service" } });
  });

  test("a candidate is pinned to its commit, unless work on it is not committed", async () => {
    await using one = bench();
    const source = { kind: "branch", branch: "release" };
    assert.deepEqual(one.supervisor.pin(source, "abc"), { ...source, revision: "abc" });
    assert.ok("refusal" in one.supervisor.pin(source, "abc-dirty"));
    const { source: shown } = one.supervisor.describe({ ...source, env: { SECRET: "x" } });
    assert.deepEqual(shown, source, "variables may be secret");
  });
});
