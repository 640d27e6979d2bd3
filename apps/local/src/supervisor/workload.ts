import { setTimeout as delay } from "node:timers/promises";
import { existsSync, realpathSync } from "node:fs";
import type { Logger } from "@cocktail/client";
import type { Reason } from "@cocktail/environment";
import { STABLE } from "@cocktail/route";
import type { LogBook } from "../logs/log-book.ts";
import { LineSplitter } from "../logs/line-splitter.ts";
import {
  type Child,
  type ChildExit,
  describeExit,
  drainOutput,
  startChild,
} from "../processes/child-process.ts";
import { killDetachedProcesses } from "../processes/detached.ts";
import { endGroup, type EndOptions } from "../processes/process-group.ts";
import type { ProcessRecords } from "../processes/process-records.ts";
import { copyFiles } from "../sources/copied-files.ts";
import { directoryFault } from "../sources/directory.ts";
import { readEnvFiles } from "../sources/env-files.ts";
import { GitFailure } from "../sources/git.ts";
import { revisionOf } from "../sources/revision.ts";
import type { WorkingCopies } from "../sources/working-copies.ts";
import type { Worktrees } from "../sources/worktree.ts";
import { childEnvironment, type MeshAddress } from "./child-environment.ts";
import type { WorkloadPhase, WorkloadStatus } from "./platform.ts";
import { isFree, type PortPool } from "./ports.ts";
import type { Preparations } from "./preparation.ts";
import { checkReadiness, originOf } from "./readiness.ts";
import { decideRestart, noFailures, type RestartHistory } from "./restart-policy.ts";
import { nameOf, type WorkloadPlan } from "./workload-plan.ts";

/** What every workload of a run shares. */
export interface WorkloadContext {
  readonly runId: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly records: ProcessRecords;
  readonly logs: LogBook;
  readonly ports: PortPool;
  readonly preparations: Preparations;
  readonly worktrees: Worktrees;
  readonly workingCopies: WorkingCopies;
  readonly log: Logger;
}

const host = "127.0.0.1";
const probeTimeoutMs = 2_000;
/** The first answer may have to be compiled. */
const firstProbeMs = 60_000;
/** A server that was told 127.0.0.1 by PORT alone may listen on `localhost`, which is `::1` on many machines. */
const loopback = ["127.0.0.1", "::1"];
const steadyProbeMs = 5_000;

/** Why a workload can never become ready. */
class PermanentFailure extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One incarnation: its directory, its preparation, its process, and the processes that follow it when it ends. */
export class Workload {
  readonly #plan: WorkloadPlan;
  readonly #mesh: readonly MeshAddress[];
  readonly #context: WorkloadContext;
  readonly #onChange: () => void;
  readonly #stopping = new AbortController();
  #status: WorkloadStatus;
  #running: Promise<void> = Promise.resolve();
  #child: Child | undefined;
  #port: number | undefined;
  #fileVariables: readonly Readonly<Record<string, string>>[] = [];
  #history: RestartHistory = noFailures;

  constructor(
    plan: WorkloadPlan,
    mesh: readonly MeshAddress[],
    context: WorkloadContext,
    onChange: () => void,
  ) {
    this.#plan = plan;
    this.#mesh = mesh;
    this.#context = context;
    this.#onChange = onChange;
    const isExternal = plan.source.kind === "url";
    const message = "is being prepared";
    this.#status = { ref: plan.ref, phase: "Preparing", message, restarts: 0, isExternal };
  }

  status(): WorkloadStatus {
    return this.#status;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when every process of the workload is gone. */
  async stop(options: EndOptions): Promise<void> {
    this.#stopping.abort();
    const group = this.#child?.pid ?? 0;
    // A process that can't be killed (changed user, hung in the kernel) must not block the rest of the teardown.
    if (group === 0 || (await endGroup(group, options))) await this.#running;
    else this.#context.log.error(this.#plan.ref, `process group ${group} could not be ended`);
    await killDetachedProcesses(this.#context.runId, this.#plan.ref, { ...options, graceMs: 500 });
    if (this.#port !== undefined) this.#context.ports.release(this.#port);
  }

  async #run(): Promise<void> {
    try {
      const { source } = this.#plan;
      if (source.kind === "url") return await this.#probeExternal(source.url);
      const directory = await this.#directory();
      const { envFiles, servicePath = directory } = this.#plan;
      this.#fileVariables = await readEnvFiles(envFiles, [directory, servicePath]);
      await this.#prepare(directory);
      await this.#supervise(directory);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof PermanentFailure ? error.reason : "WorkloadFailed";
      // A message is read without the token, the log is not.
      if (error instanceof GitFailure) this.#print("stderr", error.printed);
      this.#log(message);
      this.#set("Failed", message, { reason });
    }
  }

  /** Where the code is. For a branch, a checkout with the files that git ignores but the service needs. */
  async #directory(): Promise<string> {
    const { copyFiles: copied, ref, servicePath, source } = this.#plan;
    if (source.kind === "directory") return existing(source.path);
    if (servicePath === undefined) {
      throw new PermanentFailure(
        "SourceMissing",
        `${ref.service} is not in cocktail.yaml, so its directory is unknown`,
      );
    }
    if (source.kind !== "branch") return existing(servicePath);
    this.#set("Preparing", `creating a worktree of ${source.branch}`);
    const { branch, revision } = source;
    const outcome = await this.#context.worktrees.ensure({
      service: ref.service,
      key: ref.key,
      holder: nameOf(ref),
      servicePath,
      branch,
      revision,
      signal: this.#stopping.signal,
    });
    if (!outcome.ok) throw new PermanentFailure(outcome.reason, outcome.message);
    const { directory, notes } = outcome;
    const files = { files: copied, from: servicePath, to: directory };
    for (const note of [...notes, ...(await copyFiles(files))]) this.#log(note);
    return directory;
  }

  async #prepare(directory: string): Promise<void> {
    const { prepare: command, ref } = this.#plan;
    this.#set("Preparing", "is being prepared", { directory });
    if (command === undefined || this.#stopping.signal.aborted) return;
    if (this.#isStablesOwn(directory)) {
      this.#log(`${directory} is stable's: ${command.join(" ")} doesn't run there for ${ref.key}`);
      return;
    }
    this.#set("Preparing", `${command.join(" ")} runs in ${directory}`);
    const outcome = await this.#context.preparations.run({
      command,
      directory,
      env: this.#environment(undefined),
      name: nameOf(ref),
      onLine: (stream, text) => this.#print(stream, text),
      signal: this.#stopping.signal,
    });
    if (outcome.kind === "failed") throw new PermanentFailure("PrepareFailed", outcome.message);
  }

  /** Preparing it again for a branch would change, or break, what stable runs. */
  #isStablesOwn(directory: string): boolean {
    const { isStablesDirectory, ref, servicePath } = this.#plan;
    if (ref.key === STABLE || servicePath === undefined || !isStablesDirectory) return false;
    return existsSync(servicePath) && realpathSync(servicePath) === realpathSync(directory);
  }

  /** Restarts the process until the workload is stopped. */
  async #supervise(directory: string): Promise<void> {
    if (this.#plan.command.length === 0)
      throw new PermanentFailure("CommandMissing", "nothing says how to start it");
    await this.#watchWorkingCopy(directory);
    while (!this.#stopping.signal.aborted) {
      const revision = await revisionOf(directory);
      const port = await this.#choosePort(); // as late as possible: another process may take it
      if (this.#stopping.signal.aborted) return;
      await this.#runOnce(directory, port, revision);
    }
  }

  /** Of stable without a checkout of its own: says when what it runs is no longer what it was meant to be. */
  async #watchWorkingCopy(directory: string): Promise<void> {
    const { ref, rollout, source } = this.#plan;
    if (ref.key !== STABLE || source.kind !== "service") return;
    const onMove = (message: string | undefined): void => {
      const notice =
        message === undefined ? message : ({ reason: "WorkingCopyMoved", message } as const);
      this.#update({ notice });
      if (message !== undefined) this.#context.log.warn(ref, `${nameOf(ref)}: ${message}`);
      this.#onChange();
    };
    const { signal } = this.#stopping;
    const copy = { service: ref.service, directory, rollout };
    await this.#context.workingCopies.watch(copy, { onMove, signal });
  }

  /** Once it is published, the port stays the same for the life of the incarnation. */
  async #choosePort(): Promise<number> {
    const { ports } = this.#context;
    const published = this.#status.destination !== undefined;
    if (this.#port !== undefined && (published || (await isFree(this.#port)))) return this.#port;
    const taken = this.#port;
    this.#port = await ports.take();
    // Released after the new one is allocated, so that the pool can't return the same port.
    if (taken !== undefined) ports.release(taken);
    return this.#port;
  }

  async #runOnce(directory: string, port: number, revision: string): Promise<void> {
    if (this.#status.phase !== "CrashLoop") {
      this.#set(this.#everReady() ? "NotReady" : "Starting", `was started on port ${port}`);
    }
    const { ref, command } = this.#plan;
    const startedAt = performance.now();
    const child = startChild({ command, directory, env: this.#environment(port) });
    this.#child = child;
    const forget = this.#context.records.add(child.pid, nameOf(ref));
    this.#attach(child);
    if (child.pid !== 0) this.#update({ pid: child.pid });
    const exited = new AbortController();
    const probing = this.#probe({ hosts: this.#hosts(), port }, revision, exited.signal);
    const exit = await child.exited;
    exited.abort();
    await probing;
    // Its remaining children would keep the port.
    if (child.pid !== 0) await endGroup(child.pid, { graceMs: 2_000 });
    await drainOutput(child);
    this.#child = undefined;
    forget();
    if (this.#stopping.signal.aborted) return;
    await this.#pause(this.#whyEnded(exit, directory), port, startedAt);
  }

  /** A failed first start is permanent; what ran before may only be missing while it is built or checked out. */
  #whyEnded(exit: ChildExit, directory: string): string {
    // Node reports a missing working directory as a missing program.
    const why = exit.error === undefined ? undefined : directoryFault(directory);
    const message = why === undefined ? describeExit(exit) : `${directory} ${why}`;
    const isMissing = exit.error?.code === "ENOENT" || exit.error?.code === "EACCES";
    if (!isMissing || this.#everReady()) return message;
    throw new PermanentFailure(why === undefined ? "WorkloadFailed" : "PathMissing", message);
  }

  /** Waits between two runs of the process. */
  async #pause(reason: string, port: number, startedAt: number): Promise<void> {
    const decision = decideRestart(this.#history, { startedAt, endedAt: performance.now() });
    this.#history = decision.history;
    const taken = await isFree(port).then((free) =>
      free ? "" : `; port ${port} is taken by another process`,
    );
    const after =
      decision.afterMs < 1_000 ? `${decision.afterMs} ms` : `${decision.afterMs / 1_000} s`;
    const message = `${reason}${taken}; restarts in ${after}`;
    this.#log(message);
    const phase =
      decision.kind === "crashLoop" ? "CrashLoop" : this.#everReady() ? "NotReady" : "Starting";
    this.#set(phase, message, { restarts: this.#status.restarts + 1, pid: undefined });
    await delay(decision.afterMs, undefined, { signal: this.#stopping.signal }).catch(
      () => undefined,
    );
  }

  /** An external process: probed, never started. */
  async #probeExternal(url: string): Promise<void> {
    const { hostname, port, origin } = new URL(url);
    this.#set("Starting", `no answer from ${url} yet`);
    const hosts = [hostname.replace(/^\[|\]$/g, "")];
    const place = { hosts, port: Number(port === "" ? 80 : port), origin };
    await this.#probe(place, "external", this.#stopping.signal);
  }

  /** Its address does not change once it is published. */
  #hosts(): readonly string[] {
    const { destination } = this.#status;
    if (destination === undefined) return loopback;
    return loopback.filter((each) => destination.startsWith(originOf(each, this.#port ?? 0)));
  }

  /** Probes until the signal is aborted: frequently until it is ready, then every few seconds. */
  async #probe(
    place: { readonly hosts: readonly string[]; readonly port: number; readonly origin?: string },
    revision: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { health, protocol } = this.#plan;
    let pauseMs = 20;
    let failures = 0;
    let timeoutMs = firstProbeMs;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const answer = await checkReadiness({ ...place, health, protocol, timeoutMs });
      if (signal.aborted) return;
      failures = answer.ready ? 0 : failures + 1;
      if (answer.ready) {
        // A page that takes its time every time gets it.
        timeoutMs = Math.max(probeTimeoutMs, 3 * (performance.now() - startedAt));
        this.#onReady(place.origin ?? originOf(answer.host, place.port), revision);
      } else this.#onProbeFailure(answer.why, failures);
      // It may have become slower.
      if (failures > 1) timeoutMs = firstProbeMs;
      pauseMs = answer.ready ? steadyProbeMs : Math.min(pauseMs * 1.5, 250);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #onReady(destination: string, revision: string): void {
    if (this.#status.phase !== "Ready") this.#set("Ready", "is ready", { destination, revision });
  }

  /** A single failed probe of a ready service is tolerated: it may only be busy. */
  #onProbeFailure(why: string, failures: number): void {
    if (this.#status.phase !== "Ready") this.#update({ message: why });
    else if (failures > 1) this.#set("NotReady", why);
  }

  #environment(port: number | undefined): Record<string, string> {
    return childEnvironment({
      inherited: this.#context.inherited,
      runId: this.#context.runId,
      workload: this.#plan.ref,
      own: [...this.#fileVariables, ...this.#plan.env],
      mesh: this.#mesh,
      listen: port === undefined ? undefined : { host, port },
    });
  }

  #attach(child: Child): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const lines = new LineSplitter((line) => this.#print(stream, line));
      child[stream]
        .on("data", (chunk: Buffer) => lines.write(chunk))
        .on("end", () => lines.end())
        .on("error", () => lines.end());
    }
  }

  #everReady(): boolean {
    return this.#status.destination !== undefined;
  }

  #print(stream: "stdout" | "stderr" | "cocktail", text: string): void {
    const { incarnation, key, service } = this.#plan.ref;
    // Messages of git have several lines.
    for (const line of text.split("\n"))
      this.#context.logs.append(service, key, { incarnation, stream, text: line });
  }

  #log(text: string): void {
    this.#print("cocktail", text);
  }

  #set(phase: WorkloadPhase, message: string, more: Partial<WorkloadStatus> = {}): void {
    const before = this.#status;
    const { reason: _, ...kept } = before;
    this.#status = { ...kept, phase, message, ...more };
    if (before.phase !== phase) {
      const { ref } = this.#plan;
      const fields = { ...ref, phase, reason: this.#status.reason };
      this.#context.log.info(fields, `${nameOf(ref)} ${phase}: ${message}`);
    }
    this.#onChange();
  }

  /** Changes facts without notifying: no step waits for them. */
  #update(more: Partial<WorkloadStatus>): void {
    this.#status = { ...this.#status, ...more };
  }
}

function existing(path: string): string {
  const why = directoryFault(path);
  if (why === undefined) return path;
  throw new PermanentFailure("PathMissing", `${path} ${why}`);
}
