import {
  type Facts,
  type VariantObject,
  isLive,
  isStatusAction,
  planVariant,
} from "@cocktail/environment";
import { parseVariant } from "@cocktail/route";
import { type Callbacks, actAll } from "./act.ts";
import type { Core } from "./core.ts";
import { readLedger } from "./ends.ts";
import { type QueueKey, maxTurns } from "./queue-key.ts";
import { factsOf, writeVariantStatus } from "./status-writer.ts";
import type { WorkResult } from "./work-queue.ts";

/** Brings one `service:key` to what is wanted: gather, plan, write the status, act, until nothing is left but to wait. */
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
    // It changed while its facts were gathered.
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

/** What a decision needs. Where memory is late, the write upon its version says so. */
async function gather(core: Core, name: string): Promise<VariantObject | undefined> {
  const object = core.cache.index.variants.get(name);
  await core.writer.head();
  if (object === undefined) return undefined;
  // The numbers of its new life begin above those of the ones before.
  if (object.status === undefined) await readLedger(core);
  await lookForWork(core, object);
  return object;
}

/** False where somebody wrote the object meanwhile. */
async function writeStatus(
  core: Core,
  object: VariantObject | undefined,
  facts: Facts,
  actions: Parameters<typeof writeVariantStatus>[3],
): Promise<boolean> {
  if (object === undefined) return true;
  return (await writeVariantStatus(core, object, facts, actions)) !== "stale";
}

/** Work that would be lost matters only to what is about to end: a lifetime that is over, or an environment's end. */
export async function lookForWork(core: Core, object: VariantObject): Promise<void> {
  const { facts, platform } = core;
  const { service, key } = object.spec;
  const holdsWork = isEnding(core, object) && (await platform.wouldLoseWork(service, key));
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
  const holders = [...index.naming(service, key), ...(own === undefined ? [] : [own])];
  return holders.some((each) => !isLive(each));
}
