import {
  type Action,
  type StatusAction,
  type VariantObject,
  formatIncarnation,
  isLive,
  isStatusAction,
} from "@cocktail/environment";
import { formatVariant, parseVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { destroyVariant, destroyEnvironment, forgetEnvironment, forgetVariant } from "./ends.ts";

/** `done`: the facts changed, plan again. `waiting`: work in the background will requeue the object. */
export type ActionOutcome = "done" | "waiting";

/** How actions requeue objects. */
export interface Callbacks {
  /** Requeues the object. */
  again(queueKey: string): void;
  /** Requeues the object with a backoff. Returns the delay in milliseconds. */
  againLater(queueKey: string): number;
  /** Requests a new table; the object is requeued when it is published. */
  publish(queueKey: string): void;
}

/** An action that does more than change a status. */
export type Effect = Exclude<Action, StatusAction>;

/** Executes one action. Rejections are transient: the action is retried. */
export async function act(
  core: Core,
  queueKey: string,
  action: Effect,
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
    default:
      await change(core, action);
      core.factsChanged();
      return "done";
  }
}

/** Executes all actions that do more than change a status. Returns true if the facts changed, so the plan may have. */
export async function actAll(
  core: Core,
  queueKey: string,
  actions: readonly Action[],
  call: Callbacks,
): Promise<boolean> {
  const outcomes: ActionOutcome[] = [];
  for (const action of actions) {
    if (!isStatusAction(action)) outcomes.push(await act(core, queueKey, action, call));
  }
  return outcomes.includes("done");
}

type Change = Exclude<
  Effect,
  {
    readonly kind: "AwaitReady" | "PublishTable" | "AwaitReaders" | "ProbeRoute" | "DrainWorkload";
  }
>;

async function change(core: Core, action: Change): Promise<void> {
  switch (action.kind) {
    case "DestroyVariant":
      return destroyVariant(core, action);
    case "DestroyEnvironment":
      return destroyEnvironment(core, action.target);
    case "ForgetVariant":
      return forgetVariant(core, action.target);
    case "ForgetEnvironment":
      return forgetEnvironment(core, action.target);
    case "EnsureWorkload":
      return ensureWorkload(core, action);
    case "RemoveWorkload":
      return removeWorkload(core, action);
    case "ReleaseVariant":
      return releaseVariant(core, action);
  }
}

function awaitReaders(core: Core, queueKey: string, epoch: number, call: Callbacks): void {
  core.background.begin(`readers ${queueKey}`, async () => {
    try {
      await core.acknowledgements.await(epoch);
      call.again(queueKey);
    } catch (error) {
      if (core.background.signal.aborted) return;
      const fields = { epoch, err: error, reason: "AwaitingReaders" };
      core.log.warn(fields, `could not confirm that all gateways hold epoch ${epoch}`);
      call.againLater(queueKey);
    }
  });
}

function probeRoute(
  core: Core,
  queueKey: string,
  { ref }: Extract<Effect, { readonly kind: "ProbeRoute" }>,
  call: Callbacks,
): void {
  const variant = formatVariant(ref.service, ref.key);
  const { incarnation } = ref;
  core.background.begin(`probe ${formatIncarnation(ref)}`, async () => {
    const failure = await probeFailure(core, ref);
    if (core.background.signal.aborted) return;
    // A late answer must not overwrite that of a newer incarnation.
    if ((core.facts.probed.get(variant)?.incarnation ?? 0) > incarnation) return;
    core.facts.probed.set(variant, { incarnation, failure });
    if (failure === undefined) {
      core.log.info({ variant, incarnation, reason: "Serving" }, "variant is serving");
      call.again(queueKey);
      return;
    }
    core.log.warn({ variant, incarnation, reason: "ProbeFailed" }, failure);
    call.againLater(queueKey);
  });
}

async function probeFailure(
  core: Core,
  ref: Extract<Effect, { readonly kind: "ProbeRoute" }>["ref"],
): Promise<string | undefined> {
  try {
    const result = await core.readers.probe(ref);
    return result.ok ? undefined : result.message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function drainWorkload(
  core: Core,
  queueKey: string,
  { ref }: Extract<Effect, { readonly kind: "DrainWorkload" }>,
  call: Callbacks,
): void {
  const name = formatIncarnation(ref);
  core.background.begin(`drain ${name}`, async () => {
    const variant = core.cache.index.variants.get(formatVariant(ref.service, ref.key));
    const destination = recordOf(variant, ref.incarnation)?.destination ?? "";
    try {
      const budget = core.limits.drainBudgetMs;
      const outcome = await core.readers.drained(ref, destination, budget);
      core.facts.drained.set(name, outcome);
      if (outcome === "budgetOver") {
        core.log.warn({ incarnation: name }, "drain budget exceeded");
      }
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
  { ref }: Extract<Effect, { readonly kind: "EnsureWorkload" }>,
): Promise<void> {
  const name = formatVariant(ref.service, ref.key);
  const object = await core.cache.fresh("ServiceVariant", name);
  // It may have been deployed or destroyed since the plan: a new rollout gets its own incarnation.
  if (object === undefined || !isLive(object)) return;
  if (recordOf(object, ref.incarnation)?.rollout !== object.spec.rollout) return;
  core.facts.released.delete(name);
  const { rollout, source } = object.spec;
  await core.platform.ensureWorkload({ ...ref, rollout, source });
}

async function removeWorkload(
  core: Core,
  { ref }: Extract<Effect, { readonly kind: "RemoveWorkload" }>,
): Promise<void> {
  await core.platform.removeWorkload(ref);
  core.facts.removed.add(formatIncarnation(ref));
}

async function releaseVariant(
  core: Core,
  { target: variant, discard }: Extract<Effect, { readonly kind: "ReleaseVariant" }>,
): Promise<void> {
  const object = await core.cache.fresh("ServiceVariant", variant);
  const pin = parseVariant(variant);
  if (object === undefined || isLive(object) || pin === undefined) return;
  const outcome = await core.platform.releaseVariant(pin.service, pin.key, { discard });
  core.facts.released.add(variant);
  if (outcome !== "holdsWork") return;
  core.log.warn({ variant, reason: "UncommittedWork" }, "checkout kept: it has uncommitted work");
}

function recordOf(
  object: VariantObject | undefined,
  number: number,
): NonNullable<VariantObject["status"]>["incarnations"][number] | undefined {
  return object?.status?.incarnations.find((each) => each.number === number);
}
