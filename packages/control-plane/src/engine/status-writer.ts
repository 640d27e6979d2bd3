import {
  type Facts,
  type RecordStep,
  type StatusAction,
  type VariantObject,
  type VariantStatus,
  currentRevision,
  formatIncarnation,
  isEqualDocument,
  stampConditions,
  stillAsksFor,
  variantConditions,
  withActions,
} from "@cocktail/environment";
import { formatVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { observeVariant, withRecords } from "./observe.ts";

/** `stale`: somebody wrote the object meanwhile. Look at it again. */
export type StatusOutcome = "written" | "unchanged" | "stale";

/**
 * Writes a variant's status: the records after `actions`, and the conditions that follow from them. Upon exactly the
 * version that the facts were gathered from, so a decision that was overtaken is never written.
 */
export async function writeVariantStatus(
  core: Core,
  object: VariantObject,
  facts: Facts,
  actions: readonly StatusAction[],
): Promise<StatusOutcome> {
  const records = withActions(facts, actions, core.platform.host);
  const after = withRecords(core.sources(), facts, records.incarnations);
  const before = object.status;
  const status: VariantStatus = {
    ...records,
    observedGeneration: object.generation,
    conditions: stampConditions(
      before?.conditions ?? [],
      variantConditions(object, after),
      facts.now,
    ),
    revision: currentRevision(object, after.observed),
    url: core.options.urlOf?.(object, core.cache.index),
  };
  if (isEqualDocument(before, status)) return "unchanged";
  const outcome = await core.objects.writeStatus(object, status);
  if (outcome.kind !== "written") return "stale";
  core.cache.put(outcome.object);
  for (const action of actions) {
    if (action.kind === "ForgetIncarnation") {
      core.facts.forgetIncarnation(formatIncarnation(action.ref));
    }
  }
  return "written";
}

/** Records a step that was planned earlier, if the facts of now still ask for it. */
export async function recordLate(core: Core, step: RecordStep): Promise<void> {
  const { service, key } = step.ref;
  for (;;) {
    const object = await core.cache.fresh("ServiceVariant", formatVariant(service, key));
    if (object === undefined) return;
    const facts = factsOf(core, { service, key });
    if (!stillAsksFor(facts, step)) return;
    if ((await writeVariantStatus(core, object, facts, [step])) !== "stale") return;
  }
}

export function factsOf(
  core: Core,
  name: { readonly service: string; readonly key: string },
): Facts {
  const { desired, observed } = observeVariant(core.sources(), name);
  return { desired, observed, now: core.clock.now(), policy: core.policy };
}
