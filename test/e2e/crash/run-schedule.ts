import { setTimeout as pause } from "node:timers/promises";
import type { Variant } from "@cocktail/client";
import { until } from "@cocktail/test-support";
import { inject } from "./fault.ts";
import type { Lane } from "./lane.ts";
import {
  isReady,
  leftBeside,
  type Listing,
  listingDifferences,
  readListing,
  trafficDifferences,
} from "./observe.ts";
import { commandOf, type Operation } from "./operation.ts";
import { marked, type Target } from "./processes.ts";
import { workingVersion } from "./repository.ts";
import { edited, effectOf, isOverdue, settled, withExpiries } from "./rules.ts";
import { describeStep, type Schedule, type Step } from "./schedule.ts";
import { distinct, type World } from "./world.ts";

/** A cocktail did what the model doesn't allow. */
export class Broken extends Error {}

/** A start, a checkout and a preparation may all have to come again, on a busy machine. */
const convergesWithinMs = 60_000;

/** These end the start of a variant for good, as the documentation says; the user restarts it. */
const spoilsAStart: readonly Target[] = ["git", "prepare", "service"];

/** One schedule at work: the worlds that the cocktail may be in, narrowed by what each command says. */
export class Run {
  readonly #lane: Lane;
  #worlds: readonly World[];
  /** What happened, for a failure. */
  readonly story: string[] = [];
  /** A fault has hit something: a command may fail without a reason of its own. */
  #isDisturbed = false;
  #mayFail = false;

  constructor(lane: Lane, start: World) {
    this.#lane = lane;
    this.#worlds = [start];
  }

  /** Carries out the steps, and then expects the cocktail to be in one of the worlds, which is returned. */
  async schedule({ steps }: Schedule): Promise<World> {
    for (const step of steps) await this.#step(step);
    return await this.#converge();
  }

  async #step(step: Step): Promise<void> {
    if (step.revival !== undefined && step.operation.kind !== "up")
      await this.#revive(step.revival);
    this.story.push(describeStep(step));
    const { operation } = step;
    if (operation.kind === "commit")
      return this.#lane.repository.move(operation.branch, operation.to);
    if (operation.kind === "drop") return this.#lane.repository.drop(operation.branch);
    await this.#command(operation.kind === "apply" ? await this.#edit(operation) : operation, step);
  }

  /** Starts it if it is down, under faults; whether it runs then is another matter. */
  async #revive(faults: Step["faults"]): Promise<void> {
    if (this.#lane.isRunning()) return;
    this.story.push("up, because it is down");
    await this.#command({ kind: "up" }, { faults });
  }

  async #edit(operation: Extract<Operation, { readonly kind: "apply" }>): Promise<Operation> {
    const { repository } = this.#lane;
    const version = operation.service === "back" ? repository.release() : workingVersion;
    const full = { ...operation, version };
    this.#worlds = this.#worlds.map((world) => edited(world, full));
    const [world] = this.#worlds;
    const generations = Object.entries(world?.file ?? {}).map(
      ([service, { generation }]) => [service, generation] as const,
    );
    await this.#lane.edit(Object.fromEntries(generations));
    return full;
  }

  async #command(operation: Operation, { faults }: Pick<Step, "faults">): Promise<void> {
    const wasRunning = this.#lane.isRunning();
    const { code, hits, max, min, stderr } = await this.#execute(operation, faults);
    if (hits.some(Boolean)) this.#isDisturbed = true;
    if (faults.some(({ target }, index) => hits[index] && spoilsAStart.includes(target)))
      this.#mayFail = true;
    this.story.push(describeEnd({ code, hits, ms: max - min, stderr }));
    const isOpen = wasRunning || operation.kind === "up" || operation.kind === "down";
    if (!isOpen && code === 0) throw new Broken("a command succeeded although no cocktail ran");
    if (isOpen) this.#learn(operation, { min, max }, code === 0);
    if (operation.kind === "down" && code === 0) this.#expectNothingRuns();
  }

  async #execute(operation: Operation, faults: Step["faults"]) {
    const min = Date.now();
    let pid: number | undefined;
    const running = this.#lane.command(commandOf(operation) ?? [], (own) => (pid = own));
    const injected = faults.map((fault) => inject(fault, this.#lane.directory, () => pid));
    const { code, stderr } = await running;
    pid = undefined;
    const max = Date.now();
    return { code, stderr, min, max, hits: await Promise.all(injected) };
  }

  /** Which worlds are possible after a command that said yes or no. */
  #learn(
    operation: Operation,
    during: { readonly min: number; readonly max: number },
    isDone: boolean,
  ): void {
    const before = distinct(this.#worlds.flatMap((world) => withExpiries(world, during.max)));
    const after = before.flatMap((world) => {
      const { after: steps, mayRefuse, or } = effectOf(world, operation, during);
      if (isDone) return [...steps.slice(-1), ...or];
      // Who waits for what ends meanwhile by its lifetime is told so.
      const isOver = steps.some((each) => withExpiries(each, during.max).length > 1);
      if (this.#isDisturbed || isOver) return [world, ...steps, ...or];
      return mayRefuse ? [world] : [];
    });
    if (after.length === 0)
      throw new Broken(
        isDone
          ? "the command succeeded, and has to be refused"
          : "the command failed, and nothing was in its way",
      );
    this.#worlds = distinct(after.flatMap((world) => withExpiries(world, during.max)));
  }

  async #up(): Promise<void> {
    const up = { kind: "up" } as const;
    this.story.push("up, because it is down");
    const { code, max, min, stderr } = await this.#execute(up, []);
    this.story.push(`      -> exit ${code} after ${max - min} ms`);
    // A stable variant whose preparation was killed has failed, and the rest serves.
    if (code !== 0 && !(this.#mayFail && this.#lane.isRunning()))
      throw new Broken(`it doesn't start again: ${stderr}`);
    this.#learn(up, { min, max }, true);
  }

  #expectNothingRuns(): void {
    const left = marked(this.#lane.mark);
    if (left.length === 0) return;
    throw new Broken(
      `after down there is still ${left.map(({ pid, words }) => `${pid} ${words.join(" ")}`).join("; ")}`,
    );
  }

  async #converge(): Promise<World> {
    if (!this.#lane.isRunning()) await this.#up();
    const restarted = new Set<string>();
    const end = await until(
      "the cocktail to be in a state that its commands allow",
      async (): Promise<World | Broken> => {
        if (!this.#lane.isRunning()) return new Broken("the main process ended by itself");
        return await this.#look(restarted);
      },
      { ms: convergesWithinMs, everyMs: 40, retryErrors: true },
    );
    if (end instanceof Broken) throw end;
    return settled(end);
  }

  async #look(restarted: Set<string>): Promise<World | Broken> {
    const client = await this.#lane.client();
    if (!(await client.status()).writable) throw new Error("the store is away");
    const listing = await readListing(client);
    const late = listing.variants.filter((each) => !isReady(each));
    const failed = late.filter(hasFailed).filter(({ name }) => !restarted.has(name));
    if (failed[0] !== undefined && !this.#mayFail)
      return new Broken(`${failed[0].name} failed: ${JSON.stringify(failed[0].conditions)}`);
    for (const { key, name, service } of failed) {
      restarted.add(name);
      await client.restart(service, key);
      this.story.push(`(user) restarts ${name}, whose start was killed`);
    }
    if (late.length > 0)
      throw new Error(
        `not ready: ${late.map(({ conditions, name }) => `${name} ${JSON.stringify(conditions[0])}`).join("; ")}`,
      );
    const now = Date.now();
    const worlds = this.#worlds
      .flatMap((world) => withExpiries(world, now))
      .filter((world) => !isOverdue(world, now));
    const world = await this.#worldOf(worlds, listing);
    // A short life that is not over yet is waited for: nothing else ends it.
    const soon = nextExpiry(world, now);
    if (soon === undefined) return world;
    await pause(soon);
    throw new Error("a lifetime is about to end");
  }

  /** The one of the worlds that the cocktail is in; throws with what the nearest one differs in. */
  async #worldOf(worlds: readonly World[], listing: Listing): Promise<World> {
    const listed = worlds
      .map((world) => ({ world, lines: listingDifferences(world, listing, this.#lane) }))
      .toSorted((one, other) => one.lines.length - other.lines.length);
    let nearest = listed[0]?.lines ?? ["everything that had a lifetime is over in no world"];
    for (const { world, lines } of listed) {
      if (lines.length > 0) break;
      const edge = await this.#lane.edge();
      nearest = [
        ...(await trafficDifferences(world, edge)),
        ...(await leftBeside(world, this.#lane)),
      ];
      if (nearest.length === 0) return world;
    }
    throw new Error(
      `none of ${worlds.length} worlds; the nearest differs in:\n${nearest.slice(0, 8).join("\n")}`,
    );
  }
}

function describeEnd({
  code,
  hits,
  ms,
  stderr,
}: {
  readonly code: number;
  readonly hits: readonly boolean[];
  readonly ms: number;
  readonly stderr: string;
}): string {
  const hit = hits.length === 0 ? "" : `, hit: ${hits.join(", ")}`;
  const last = code === 0 ? "" : `: ${stderr.trim().split("\n").slice(-3).join(" | ")}`;
  return `      -> exit ${code} after ${ms} ms${hit}${last}`;
}

/** For good: it needs a user to be started again. */
function hasFailed({ conditions, state }: Variant): boolean {
  const reason = conditions.find(({ type }) => type === "Ready")?.reason ?? "";
  return state === "GONE" && !isUnderWay.includes(reason);
}

/** Reasons of a variant without an incarnation that are no failures. */
const isUnderWay: readonly string[] = ["Deploying", "Terminating"];

/** Milliseconds until what lives for seconds is over. */
function nextExpiry(world: World, now: number): number | undefined {
  const all = [...Object.values(world.variants), ...Object.values(world.environments)];
  const left = all.flatMap(({ expires }) => (expires === undefined ? [] : [expires.max - now]));
  const soon = left.filter((ms) => ms > 0 && ms < 5_000);
  return soon.length === 0 ? undefined : Math.min(...soon);
}
