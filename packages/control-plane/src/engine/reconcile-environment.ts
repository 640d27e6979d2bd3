import {
  type EnvironmentObject,
  type EnvironmentStatus,
  type ObservedEnvironment,
  environmentConditions,
  endingWith,
  isEqualDocument,
  isLive,
  planEnvironment,
  stampConditions,
} from "@cocktail/environment";
import type { RouteTable } from "@cocktail/route";
import type { WorkResult } from "@cocktail/work-queue";
import { type Callbacks, actAll } from "./act.ts";
import type { Core } from "./core.ts";
import { memberFacts } from "./members.ts";
import { observeEnvironment } from "./observe.ts";
import { type QueueKey, maxTurns } from "./queue-key.ts";
import { checkForWork } from "./reconcile-variant.ts";
import { storeStatus } from "./status-writer.ts";

/** Reconciles one environment: publishes its layer to every gateway, or deletes it. */
export async function reconcileEnvironment(
  core: Core,
  key: QueueKey<"environment">,
  { settle, ...call }: Callbacks & { settle(): void },
): Promise<WorkResult> {
  for (let turn = 0; turn < maxTurns; turn++) {
    const object = core.cache.index.environments.get(key.name);
    const table = await core.writer.head();
    if (object !== undefined && !isLive(object)) await checkForWorkOf(core, object);
    const observed = observeEnvironment(core.sources(), key.name, nextTable(core, table));
    const now = core.clock.now();
    const { ready, planAgainAt } = planEnvironment(object, observed, now, core.policy);
    if (ready.length === 0) settle();
    if (object !== undefined && !(await writeStatus(core, object, observed))) continue;
    if (!(await actAll(core, key.text, ready, call))) return { againAt: planAgainAt };
  }
  throw new Error(`environment ${key.name} did not converge in ${maxTurns} turns`);
}

function nextTable(core: Core, table: RouteTable): RouteTable {
  const next = core.nextTable();
  return next.kind === "next" ? next.table : table;
}

async function checkForWorkOf(core: Core, { name }: EnvironmentObject): Promise<void> {
  for (const each of endingWith(core.cache.index, name)) await checkForWork(core, each);
}

/** False if the object was written meanwhile. */
async function writeStatus(
  core: Core,
  environment: EnvironmentObject,
  observed: ObservedEnvironment,
): Promise<boolean> {
  const { index } = core.cache;
  const members = memberFacts(core.sources(), environment.name);
  const now = core.clock.now();
  const facts = environmentConditions({ environment, members, observed }, now, core.policy);
  const status: EnvironmentStatus = {
    observedGeneration: environment.generation,
    conditions: stampConditions(environment.status?.conditions ?? [], facts, now),
    url: core.options.urlOf?.(environment, index),
  };
  return isEqualDocument(environment.status, status) || storeStatus(core, environment, status);
}
