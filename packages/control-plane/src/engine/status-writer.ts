import {
  type Facts,
  type Kind,
  type Kinds,
  type ObjectOf,
  type RecordStep,
  type StatusAction,
  type VariantObject,
  type VariantStatus,
  currentRevision,
  formatIncarnation,
  isEqualDocument,
  stampConditions,
  isStillPlanned,
  variantConditions,
  withActions,
} from "@cocktail/environment";
import { formatVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { observeVariant, withRecords } from "./observe.ts";

/** `stale`: the object was written meanwhile. The cache is refreshed; plan again. */
export type StatusOutcome = "written" | "unchanged" | "stale";

/**
 * Writes a variant's status: the records after `actions`, and the resulting conditions. The precondition is the version
 * that the facts were gathered from, so a stale plan is never written.
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
  if (!(await storeStatus(core, object, status))) return "stale";
  for (const action of actions) {
    if (action.kind === "ForgetIncarnation") {
      core.facts.forgetIncarnation(formatIncarnation(action.ref));
    }
  }
  return "written";
}

/** False if the object was written meanwhile; then the cache is refreshed. */
export async function storeStatus<K extends Kind>(
  { objects, cache }: Pick<Core, "objects" | "cache">,
  object: ObjectOf<K>,
  status: Kinds[K]["status"],
): Promise<boolean> {
  const outcome = await objects.writeStatus(object, status);
  if (outcome.kind === "written") cache.put(outcome.object);
  else await cache.fresh(object.kind, object.name);
  return outcome.kind === "written";
}

/** Records a step that was planned earlier, if it is still part of the plan. */
export async function recordLate(core: Core, step: RecordStep): Promise<void> {
  const { service, key } = step.ref;
  for (;;) {
    const object = core.cache.index.variants.get(formatVariant(service, key));
    if (object === undefined) return;
    const facts = factsOf(core, { service, key });
    if (!isStillPlanned(facts, step)) return;
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
