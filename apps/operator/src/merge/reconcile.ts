import {
  type Api,
  ApiError,
  applyObject,
  type EventRecorder,
  isConflict,
  keyOf,
  type KubeObject,
  type Logger,
  type ReconcileContext,
  type ReconcileResult,
} from "@cocktail/kubernetes";
import { fieldsOf, type MergeOptions, type MeshNames, wasWiped } from "@cocktail/mesh";
import type { Clock } from "@cocktail/work-queue";
import { isRefusal, unlessGone } from "./api-errors.ts";
import type { Caches } from "./caches.ts";
import { withoutClaim } from "./claim.ts";
import { notWritten } from "./conditions.ts";
import { hold, release, takeOver } from "./finalizers.ts";
import { fieldManager } from "../kinds.ts";
import type { MergeMetrics } from "./metrics.ts";
import { planTarget, rawOf, type TargetState, type Verdict } from "./plan.ts";
import { againMs, Refusals } from "./refusals.ts";
import { isWarning, newsOf, nextStatus } from "./status.ts";
import { readMerge } from "./virtual-service-merge.ts";
import { writeTarget } from "./write-target.ts";

export interface MergeReconcilerOptions {
  readonly caches: Caches;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly names: MeshNames;
  readonly naming: NonNullable<MergeOptions["naming"]>;
  readonly tighten: boolean;
  /** Between two writes of one target, in milliseconds: what comes meanwhile is one write. */
  readonly batchMs: number;
  readonly clock: Clock;
  readonly metrics: MergeMetrics;
}

/** How often an operator that was found beside this one is looked for again: a lease that is not renewed changes nothing. */
const rivalMs = 10_000;
const conflictMs = 100;
const behindMs = 50;
const parallel = 16;

/** Makes one target as its merges want it, and tells them. */
export class MergeReconciler {
  readonly #options: MergeReconcilerOptions;
  readonly #refusals: Refusals;
  /** The last write of each target that was written a moment ago, and what the cache shows until it has seen it. */
  readonly #written = new Map<
    string,
    { readonly at: number; readonly basedOn: string | undefined }
  >();

  constructor(options: MergeReconcilerOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.clock);
  }

  async reconcile(
    key: string,
    { api, signal }: Pick<ReconcileContext, "api" | "signal">,
  ): Promise<ReconcileResult> {
    const state = this.#gather(key);
    if (state.rivals.length > 0) {
      this.#reportRivals(state.rivals.join(", "));
      await this.#tell(api, planTarget(state).verdicts, signal);
      // What is in no target needs nobody to take it out.
      await this.#release(api, { ...state, key: "" }, signal);
      return { requeueAfterMs: rivalMs };
    }
    this.#reportRivals("");
    try {
      await eachOf(
        state.merges.filter(({ isDeleted }) => !isDeleted),
        (one) => hold(api, one, signal),
      );
      const waitMs = this.#waitMs(state);
      return waitMs > 0 ? { requeueAfterMs: waitMs } : await this.#make(api, state, signal);
    } catch (error) {
      // The cache was behind: the next try sees what this one did not.
      if (isConflict(error)) return { requeueAfterMs: conflictMs };
      throw error;
    }
  }

  #reported = "";

  /** Once, not for each target each time. */
  #reportRivals(rivals: string): void {
    if (rivals !== this.#reported && rivals !== "")
      this.#options.log.error({ rivals }, "nothing is merged: another operator runs");
    this.#reported = rivals;
  }

  #gather(key: string): TargetState {
    const { caches, clock, names, naming, tighten } = this.#options;
    const objects = caches.mergesOf(key);
    const merges = objects.map(readMerge);
    return {
      key,
      target: caches.target(key),
      isWatched: caches.isWatched(key),
      merges,
      rivals: caches.rivals(clock.now()),
      refusals: this.#refusals.of(merges),
      options: { facts: caches.facts(key, objects), names, naming, tighten },
    };
  }

  async #make(api: Api, state: TargetState, signal: AbortSignal): Promise<ReconcileResult> {
    const { verdicts, write } = planTarget(state);
    let { target } = state;
    if (write !== undefined && target !== undefined)
      try {
        target = await this.#write(api, { before: target, write }, signal);
      } catch (error) {
        if (isRefusal(error)) return await this.#refused(api, state, { error, verdicts, signal });
        if (error instanceof ApiError && !isConflict(error))
          await this.#tellFailure(api, verdicts, { reason: "WriteFailed", error, signal });
        throw error;
      }
    const unclaimed = target === undefined ? undefined : withoutClaim(target);
    if (unclaimed !== undefined) await writeTarget(api, unclaimed, { signal });
    await eachOf(
      state.merges.filter(({ isDeleted, patch }) => !isDeleted && patch.owner.isLegacy === true),
      (one) => takeOver(api, one, signal),
    );
    await this.#tell(api, verdicts, signal);
    await this.#release(api, state, signal);
    return state.refusals.size === 0 ? {} : { requeueAfterMs: againMs };
  }

  /** Lets those go that are being deleted, and in no target but this one, which is without their routes now. */
  async #release(
    api: Api,
    { merges, key }: Pick<TargetState, "merges" | "key">,
    signal: AbortSignal,
  ): Promise<void> {
    const { caches } = this.#options;
    await eachOf(
      merges.filter(
        ({ isDeleted, patch }) => isDeleted && !caches.isElsewhere(patch.owner.uid, key),
      ),
      (one) => release(api, one, signal),
    );
  }

  async #write(
    api: Api,
    { before, write }: { readonly before: KubeObject; readonly write: KubeObject },
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const { clock, events, log, metrics } = this.#options;
    const key = keyOf(before.metadata);
    const { resourceVersion } = before.metadata;
    const written = await writeTarget(api, write, { signal });
    // The API may make of it what was there before, as a webhook does that changes routes: no event follows then.
    const isSame = written.metadata.resourceVersion === resourceVersion;
    this.#written.set(key, { at: clock.now(), basedOn: isSame ? undefined : resourceVersion });
    if (isSame) return written;
    metrics.wrote();
    log.info({ target: key }, "merged");
    if (wasWiped(rawOf(before))) {
      metrics.restored();
      events.record(before, {
        type: "Normal",
        reason: "RoutesRestored",
        action: "Merge",
        note: "Somebody replaced the routes. Those of VirtualServiceMerges are back.",
      });
    }
    return written;
  }

  /** One patch that Istio refuses must not keep others out: it is found, and left out. */
  async #refused(
    api: Api,
    state: TargetState,
    {
      error,
      verdicts,
      signal,
    }: {
      readonly error: ApiError;
      readonly verdicts: readonly Verdict[];
      readonly signal: AbortSignal;
    },
  ): Promise<ReconcileResult> {
    const { log } = this.#options;
    const found = await this.#refusals.find(api, state, signal);
    log.warn({ target: state.key, err: error, refused: found }, "the API refuses the target");
    if (found > 0) return { requeueAfterMs: 0 };
    await this.#tellFailure(api, verdicts, { reason: "WriteRefused", error, signal });
    throw error;
  }

  /** Those whose routes are in the target as they should be are told nothing: it is as it was. */
  async #tellFailure(
    api: Api,
    verdicts: readonly Verdict[],
    {
      reason,
      error,
      signal,
    }: {
      readonly reason: "WriteRefused" | "WriteFailed";
      readonly error: ApiError;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const now = this.#options.clock.now();
    const told = verdicts
      .filter((one) => nextStatus(one, now) !== undefined)
      .map((one) => ({
        ...one,
        facts: notWritten(one.facts, reason, error.message),
        routes: undefined,
      }));
    await this.#tell(api, told, signal);
  }

  /** Until the next write of the target. Also while the cache doesn't show the last one: a plan from before would undo it. */
  #waitMs({ key, target }: TargetState): number {
    const { batchMs, clock } = this.#options;
    const written = this.#written.get(key);
    if (written === undefined) return 0;
    const waitMs = Math.min(written.at + batchMs - clock.now(), batchMs);
    if (waitMs > 0) return waitMs;
    const isBehind = target?.metadata.resourceVersion === written.basedOn;
    if (isBehind && written.basedOn !== undefined) return behindMs;
    this.#written.delete(key);
    return 0;
  }

  async #tell(api: Api, verdicts: readonly Verdict[], signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    await eachOf(verdicts, async (verdict) => {
      const status = nextStatus(verdict, clock.now());
      if (status === undefined) return;
      const { object, resource } = verdict.merge;
      const { namespace, name, uid = "" } = object.metadata;
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid };
      const written = await unlessGone(() =>
        applyObject(
          api,
          resource,
          { metadata, status },
          { fieldManager, subresource: "status", force: true, signal },
        ),
      );
      if (written === undefined) return;
      this.#checkSchema(written);
      for (const fact of newsOf(verdict))
        events.record(object, {
          type: isWarning(fact) ? "Warning" : "Normal",
          reason: fact.reason,
          action: "Merge",
          note: fact.message === "" ? fact.reason : fact.message,
        });
    });
  }

  #isSchemaOld = false;

  /** The API drops what a schema doesn't have; that of the old operator has no conditions. */
  #checkSchema({ apiVersion, status }: KubeObject): void {
    if (this.#isSchemaOld || Array.isArray(fieldsOf(status)["conditions"])) return;
    this.#isSchemaOld = true;
    this.#options.log.warn(
      { apiVersion },
      "the CustomResourceDefinition keeps no status: replace it by the one of this operator's chart",
    );
  }
}

/** A few at a time; the first failure is thrown after all have ended. */
async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += parallel) {
    const settled = await Promise.allSettled(items.slice(at, at + parallel).map(act));
    const failed = settled.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
