import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@cocktail/client";
import type { Reason } from "@cocktail/environment";
import type { LogBook } from "../logs/log-book.ts";
import { LineSplitter } from "../logs/line-splitter.ts";
import {
  type Child,
  type ChildExit,
  describeExit,
  drainOutput,
  startChild,
} from "../processes/child-process.ts";
import { killDetachedProcesses } from "../processes/escaped.ts";
import { endGroup, type EndOptions } from "../processes/process-group.ts";
import type { ProcessRecords } from "../processes/process-records.ts";
import { directoryFault } from "../sources/directory.ts";
import { revisionOf } from "../sources/revision.ts";
import type { Worktrees } from "../sources/worktree.ts";
import { childEnvironment, type MeshAddress } from "./child-environment.ts";
import type { WorkloadPhase, WorkloadStatus } from "./platform.ts";
import { isFree, type PortPool } from "./ports.ts";
import type { Preparations } from "./preparation.ts";
import { checkReadiness } from "./readiness.ts";
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
  readonly log: Logger;
}

const host = "127.0.0.1";
const probeTimeoutMs = 2_000;
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
    // What can't be killed (it changed its user, or hangs in the kernel) must not hold up the end of everything else.
    if (group === 0 || (await endGroup(group, options))) await this.#running;
    else this.#context.log.error(this.#plan.ref, `process group ${group} can't be ended`);
    await killDetachedProcesses(this.#context.runId, this.#plan.ref, { ...options, graceMs: 500 });
    if (this.#port !== undefined) this.#context.ports.release(this.#port);
  }

  async #run(): Promise<void> {
    try {
      const { source } = this.#plan;
      if (source.kind === "url") return await this.#attend(source.url);
      const directory = await this.#directory();
      await this.#prepare(directory);
      await this.#supervise(directory);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof PermanentFailure ? error.reason : "WorkloadFailed";
      this.#say(message);
      this.#set("Failed", message, { reason });
    }
  }

  /** Where the code is: for a branch a worktree is made. */
  async #directory(): Promise<string> {
    const { ref, servicePath, source } = this.#plan;
    if (source.kind === "directory") return existing(source.path);
    if (servicePath === undefined) {
      throw new PermanentFailure(
        "SourceMissing",
        `${ref.service} is not in cocktail.yaml, so nothing says where its code is`,
      );
    }
    if (source.kind !== "branch") return existing(servicePath);
    this.#set("Preparing", `a worktree of ${source.branch} is being made`);
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
    for (const note of outcome.notes) this.#say(note);
    return outcome.directory;
  }

  async #prepare(directory: string): Promise<void> {
    const { prepare: command, ref } = this.#plan;
    this.#set("Preparing", "is being prepared", { directory });
    if (command === undefined || this.#stopping.signal.aborted) return;
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

  /** Starts the process again and again, until it is told to stop. */
  async #supervise(directory: string): Promise<void> {
    if (this.#plan.command.length === 0)
      throw new PermanentFailure("CommandMissing", "nothing says how to start it");
    while (!this.#stopping.signal.aborted) {
      const revision = await revisionOf(directory);
      const port = await this.#choosePort(); // as late as can be: it is only free, not held
      if (this.#stopping.signal.aborted) return;
      await this.#runOnce(directory, port, revision);
    }
  }

  /** The same for the life of the incarnation, once anybody was told of it. */
  async #choosePort(): Promise<number> {
    const { ports } = this.#context;
    const published = this.#status.destination !== undefined;
    if (this.#port !== undefined && (published || (await isFree(this.#port)))) return this.#port;
    const taken = this.#port;
    this.#port = await ports.take();
    // Released only now, so that the pool can't offer the bad one again at once.
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
    const over = new AbortController();
    const probing = this.#probe({ host, port }, `http://${host}:${port}`, revision, over.signal);
    const exit = await child.exited;
    over.abort();
    await probing;
    // What the process itself started would keep the port.
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
    const words = why === undefined ? describeExit(exit) : `${directory} ${why}`;
    const isMissing = exit.error?.code === "ENOENT" || exit.error?.code === "EACCES";
    if (!isMissing || this.#everReady()) return words;
    throw new PermanentFailure(why === undefined ? "WorkloadFailed" : "PathMissing", words);
  }

  /** The time between the end of a process and the next one. */
  async #pause(words: string, port: number, startedAt: number): Promise<void> {
    const decision = decideRestart(this.#history, { startedAt, endedAt: performance.now() });
    this.#history = decision.history;
    const taken = await isFree(port).then((free) =>
      free ? "" : `; port ${port} is taken by another process`,
    );
    const after =
      decision.afterMs < 1_000 ? `${decision.afterMs} ms` : `${decision.afterMs / 1_000} s`;
    const message = `${words}${taken}; starts again in ${after}`;
    this.#say(message);
    const phase =
      decision.kind === "crashLoop" ? "CrashLoop" : this.#everReady() ? "NotReady" : "Starting";
    this.#set(phase, message, { restarts: this.#status.restarts + 1, pid: undefined });
    await delay(decision.afterMs, undefined, { signal: this.#stopping.signal }).catch(
      () => undefined,
    );
  }

  /** A process somebody else runs: asked, never started. */
  async #attend(url: string): Promise<void> {
    const { hostname, port, origin } = new URL(url);
    this.#set("Starting", `nothing answered at ${url} yet`);
    const place = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port === "" ? 80 : port) };
    await this.#probe(place, origin, "external", this.#stopping.signal);
  }

  /** Asks until the signal ends it: often while it isn't ready, now and then while it is. */
  async #probe(
    place: { readonly host: string; readonly port: number },
    destination: string,
    revision: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { health, protocol } = this.#plan;
    let pauseMs = 20;
    let misses = 0;
    while (!signal.aborted) {
      const answer = await checkReadiness({
        ...place,
        health,
        protocol,
        timeoutMs: probeTimeoutMs,
      });
      if (signal.aborted) return;
      misses = answer.ready ? 0 : misses + 1;
      if (answer.ready) this.#answered(destination, revision);
      else this.#missed(answer.why, misses);
      pauseMs = answer.ready ? steadyProbeMs : Math.min(pauseMs * 1.5, 250);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #answered(destination: string, revision: string): void {
    if (this.#status.phase !== "Ready") this.#set("Ready", "is ready", { destination, revision });
  }

  /** One late answer of a busy service is no failure. */
  #missed(why: string, misses: number): void {
    if (this.#status.phase !== "Ready") this.#update({ message: why });
    else if (misses > 1) this.#set("NotReady", why);
  }

  #environment(port: number | undefined): Record<string, string> {
    return childEnvironment({
      inherited: this.#context.inherited,
      runId: this.#context.runId,
      workload: this.#plan.ref,
      own: this.#plan.env,
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
    this.#context.logs.append(service, key, { incarnation, stream, text });
  }

  /** Line by line: what git says comes in several. */
  #say(text: string): void {
    for (const line of text.split("\n")) this.#print("cocktail", line);
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

  /** Facts that nobody waits for. */
  #update(more: Partial<WorkloadStatus>): void {
    this.#status = { ...this.#status, ...more };
  }
}

function existing(path: string): string {
  const why = directoryFault(path);
  if (why === undefined) return path;
  throw new PermanentFailure("PathMissing", `${path} ${why}`);
}
