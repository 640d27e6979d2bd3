import { isEqualDocument, planStable } from "@cocktail/environment";
import type { WorkResult } from "@cocktail/work-queue";
import { type Core, engineActor } from "./core.ts";
import { execute } from "./execute.ts";
import { promotedOf } from "./observe.ts";
import { type QueueKey, maxTurns } from "./queue-key.ts";
import { storeStatus } from "./status-writer.ts";

/** Reconciles one service: makes its stable variant follow it. */
export async function reconcileService(
  core: Core,
  { name }: QueueKey<"service">,
): Promise<WorkResult> {
  for (let turn = 0; turn < maxTurns; turn++) {
    const service = core.cache.index.services.get(name);
    await core.writer.head();
    const sources = core.sources();
    const write = planStable(sources.objects, name, promotedOf(sources, name));
    if (write !== undefined) {
      await execute(core, [write], engineActor);
      continue;
    }
    if (service === undefined) return {};
    const status = { observedGeneration: service.generation, conditions: [] };
    if (isEqualDocument(service.status, status)) return {};
    if (await storeStatus(core, service, status)) return {};
  }
  throw new Error(`service ${name} did not converge in ${maxTurns} turns`);
}
