import {
  type Facts,
  type VariantObject,
  isLive,
  isStatusAction,
  planVariant,
} from "@cocktail/environment";
import { parseVariant } from "@cocktail/route";
import type { WorkResult } from "@cocktail/work-queue";
import { type Callbacks, actAll } from "./act.ts";
import type { Core } from "./core.ts";
import { readLedger } from "./ends.ts";
import { type QueueKey, maxTurns } from "./queue-key.ts";
import { factsOf, writeVariantStatus } from "./status-writer.ts";

/** Reconciles one `service:key`: gather, plan, write the status and act, until there is nothing to do but wait. */
export async function reconcileVariant(
  core: Core,
  key: QueueKey<"variant">,
  { settle, ...call }: Callbacks & { settle(): void },
): Promise<WorkResult> {
  const pin = parseVariant(key.name);
  if (pin === undefined) return {};
  for (let turn = 0; turn < maxTurns; turn++) {
    const object = await gather(core, key.name);
    const facts = factsOf(core, pin);
    // The object changed while its facts were gathered.
    if (facts.desired?.version !== object?.version) continue;
    const { ready, planAgainAt } = planVariant(facts);
    if (ready.length === 0) settle();
    const status = ready.filter(isStatusAction);
    if (!(await writeStatus(core, object, facts, status))) continue;
    const isChanged = await actAll(core, key.text, ready, call);
    if (status.length === 0 && !isChanged) return { againAt: planAgainAt };
  }
  throw new Error(`${key.name} did not converge in ${maxTurns} turns`);
}

/** Refreshes the facts of a plan. The object itself may be stale: then writing its status reports a conflict. */
async function gather(core: Core, name: string): Promise<VariantObject | undefined> {
  const object = core.cache.index.variants.get(name);
  await core.writer.head();
  if (object === undefined) return undefined;
  // The numbers of a new object continue above those of removed ones.
  if (object.status === undefined) await readLedger(core);
  await checkForWork(core, object);
  return object;
}

/** False if the object was written meanwhile. */
async function writeStatus(
  core: Core,
  object: VariantObject | undefined,
  facts: Facts,
  actions: Parameters<typeof writeVariantStatus>[3],
): Promise<boolean> {
  if (object === undefined) return true;
  return (await writeVariantStatus(core, object, facts, actions)) !== "stale";
}

/** Checks for uncommitted work, only if the variant is about to be deleted by its lifetime or with an environment. */
export async function checkForWork(core: Core, object: VariantObject): Promise<void> {
  const { facts, platform } = core;
  const { service, key } = object.spec;
  const holdsWork =
    isEnding(core, object) && (await platform.uncommittedWork(service, key)).length > 0;
  if (facts.holdingWork.has(object.name) === holdsWork) return;
  if (holdsWork) facts.holdingWork.add(object.name);
  else facts.holdingWork.delete(object.name);
  core.factsChanged();
}

function isEnding(core: Core, object: VariantObject): boolean {
  if (!isLive(object)) return false;
  const { service, key, expiresAt } = object.spec;
  if (expiresAt !== undefined && expiresAt <= core.clock.now()) return true;
  const { index } = core.cache;
  const own = index.environments.get(key);
  const holders = [...index.environmentsWith(service, key), ...(own === undefined ? [] : [own])];
  return holders.some((each) => !isLive(each));
}
