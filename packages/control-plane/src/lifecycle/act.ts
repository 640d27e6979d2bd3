import { type Action, formatIncarnation } from "@cocktail/environment";
import { formatVariant, parseVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { toWorkloadRef } from "./observe.ts";
import {
  createIncarnation,
  destroyEnvironment,
  destroyVariant,
  findRecord,
  forgetVariant,
} from "./record.ts";

/** `done`: the facts changed, plan again. `waiting`: something was begun or is awaited, and will call. */
export type ActionOutcome = "done" | "waiting";

/** What actions need of the service around them. */
export interface Callbacks {
  /** The object is to be looked at again. */
  again(queueKey: string): void;
  /** The same, but it came to nothing: later each time. Answers after how many milliseconds. */
  againLater(queueKey: string): number;
  /** Ask for a table; `waiting` objects are looked at when it is there. */
  publish(queueKey: string): void;
}

/** Executes one action. Rejects with a passing fault, after which it is done again. */
export async function act(
  core: Core,
  queueKey: string,
  action: Action,
  call: Callbacks,
): Promise<ActionOutcome> {
  switch (action.kind) {
    case "AwaitReady":
      return "waiting";
    case "PublishTable":
      call.publish(queueKey);
      return "waiting";
    case "AwaitReaders":
      awaitReaders(core, queueKey, action.epoch, call);
      return "waiting";
    case "ProbeRoute":
      probeRoute(core, queueKey, action, call);
      return "waiting";
    case "DrainWorkload":
      drainWorkload(core, queueKey, action, call);
      return "waiting";
    case "DestroyEnvironment":
      for (const name of await destroyEnvironment(core, action.target))
        call.again(variantKey(name));
      return "done";
    default:
      await change(core, action);
      return "done";
  }
}

type Change = Exclude<
  Action,
  {
    readonly kind:
      | "AwaitReady"
      | "PublishTable"
      | "AwaitReaders"
      | "ProbeRoute"
      | "DrainWorkload"
      | "DestroyEnvironment";
  }
>;

async function change(core: Core, action: Change): Promise<void> {
  switch (action.kind) {
    case "RecordState":
      return core.record(action);
    case "CreateIncarnation":
      return createIncarnation(core, action);
    case "DestroyVariant":
      return destroyVariant(core, named(action.target), action.reason);
    case "ForgetVariant":
      return forgetVariant(core, named(action.target));
    case "EnsureWorkload":
      return ensureWorkload(core, action);
    case "RemoveWorkload":
      return removeWorkload(core, action);
    case "ReleaseVariant":
      return releaseVariant(core, action);
    case "ForgetIncarnation":
      await core.state.update(() => ({ changes: [{ kind: "RemoveIncarnation", ...action.ref }] }));
      core.knowledge.forgetIncarnation(formatIncarnation(action.ref));
  }
}

function awaitReaders(core: Core, queueKey: string, epoch: number, call: Callbacks): void {
  core.background.begin(`readers ${queueKey}`, async () => {
    try {
      await core.acknowledgements.await(epoch);
      call.again(queueKey);
    } catch (error) {
      if (core.background.signal.aborted) return;
      core.log.warn({ epoch, err: error, reason: "AwaitingReaders" }, "gateways can't be asked");
      call.againLater(queueKey);
    }
  });
}

function probeRoute(
  core: Core,
  queueKey: string,
  { ref }: Extract<Action, { readonly kind: "ProbeRoute" }>,
  call: Callbacks,
): void {
  const name = formatVariant(ref.service, ref.key);
  core.background.begin(`probe ${formatIncarnation(ref)}`, async () => {
    const failure = await probeFailure(core, ref);
    if (core.background.signal.aborted) return;
    // The answer may be late: a newer incarnation's stands.
    if ((core.knowledge.probed.get(name)?.number ?? 0) > ref.number) return;
    core.knowledge.probed.set(name, { number: ref.number, failure });
    if (failure === undefined) {
      core.log.info(
        { variant: name, incarnation: ref.number, reason: "Serving" },
        "variant serves",
      );
      call.again(queueKey);
      return;
    }
    core.log.warn({ variant: name, incarnation: ref.number, reason: "ProbeFailed" }, failure);
    call.againLater(queueKey);
  });
}

async function probeFailure(
  core: Core,
  ref: Extract<Action, { readonly kind: "ProbeRoute" }>["ref"],
): Promise<string | undefined> {
  try {
    const result = await core.readers.probe(toWorkloadRef(ref));
    return result.ok ? undefined : result.message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function drainWorkload(
  core: Core,
  queueKey: string,
  { ref }: Extract<Action, { readonly kind: "DrainWorkload" }>,
  call: Callbacks,
): void {
  const name = formatIncarnation(ref);
  core.background.begin(`drain ${name}`, async () => {
    const destination = findRecord(core.state.known, ref)?.destination ?? "";
    try {
      const budget = core.limits.drainBudgetMs;
      const outcome = await core.readers.drained(toWorkloadRef(ref), destination, budget);
      core.knowledge.drained.set(name, outcome);
      if (outcome === "budgetOver")
        core.log.warn({ incarnation: name }, "drain: the budget is over");
      call.again(queueKey);
    } catch (error) {
      if (core.background.signal.aborted) return;
      core.log.warn({ incarnation: name, err: error }, "drain failed");
      call.againLater(queueKey);
    }
  });
}

async function ensureWorkload(
  core: Core,
  { ref }: Extract<Action, { readonly kind: "EnsureWorkload" }>,
): Promise<void> {
  const state = await core.state.fresh();
  const desired = state.variant(formatVariant(ref.service, ref.key));
  const record = findRecord(state, ref);
  // An incarnation is its own generation: a newer wish gets another one.
  if (desired === undefined || record?.generation !== desired.generation) return;
  const { source, command, env } = desired;
  core.knowledge.released.delete(formatVariant(ref.service, ref.key));
  await core.platform.ensureWorkload({ ...toWorkloadRef(ref), source, command, env });
}

async function removeWorkload(
  core: Core,
  { ref }: Extract<Action, { readonly kind: "RemoveWorkload" }>,
): Promise<void> {
  await core.platform.removeWorkload(toWorkloadRef(ref));
  core.knowledge.removed.add(formatIncarnation(ref));
}

async function releaseVariant(
  core: Core,
  { target: variant, discard }: Extract<Action, { readonly kind: "ReleaseVariant" }>,
): Promise<void> {
  const { service, key } = named(variant);
  // Between the plan and now somebody may have deployed it again.
  if ((await core.state.fresh()).variant(variant)?.deleted !== true) return;
  const outcome = await core.platform.releaseVariant(service, key, { discard });
  core.knowledge.released.add(variant);
  if (outcome !== "uncommittedWork") return;
  core.log.warn(
    { variant, reason: "UncommittedWork" },
    "its checkout stays: it holds uncommitted work",
  );
}

export function variantKey(name: string): string {
  return `variant ${name}`;
}
export function environmentKey(name: string): string {
  return `environment ${name}`;
}

function named(target: string): { readonly service: string; readonly key: string } {
  const pin = parseVariant(target);
  if (pin === undefined) throw new TypeError(`not a variant: ${target}`);
  return pin;
}
