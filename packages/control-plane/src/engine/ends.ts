import {
  type Action,
  type EnvironmentObject,
  type VariantObject,
  deleteObject,
  derive,
  destruction,
  heldOnlyBy,
  isLive,
} from "@cocktail/environment";
import { parseVariant } from "@cocktail/route";
import { type Core, engineActor } from "./core.ts";
import { observeVariant } from "./observe.ts";
import { execute } from "./execute.ts";

/** Ends of objects. Each looks at its object once more: between a plan and its actions somebody may have changed it. */
export async function destroyVariant(
  core: Core,
  { target, reason, discard = false }: Extract<Action, { readonly kind: "DestroyVariant" }>,
): Promise<void> {
  const object = await core.cache.fresh("ServiceVariant", target);
  if (object === undefined || !isLive(object) || !isOver(core, object, reason)) return;
  await execute(core, destruction(object, discard), engineActor);
}

function isOver(
  core: Core,
  object: VariantObject,
  reason: "Expired" | "Promoted" | "Requested",
): boolean {
  switch (reason) {
    case "Expired":
      return isExpired(object, core.clock.now());
    case "Promoted": {
      const { desired, observed } = observeVariant(core.sources(), object.spec);
      return !derive(desired, observed).isWanted;
    }
    case "Requested": {
      const { service, key } = object.spec;
      const { index } = core.cache;
      const own = index.environments.get(key);
      return [...index.naming(service, key), ...(own === undefined ? [] : [own])].some(
        (each) =>
          !isLive(each) && heldOnlyBy(index, each.name).some((held) => held.name === object.name),
      );
    }
  }
}

/** Its lifetime is over. What goes with it follows from the deletion. */
export async function destroyEnvironment(core: Core, name: string): Promise<void> {
  const object = await core.cache.fresh("Environment", name);
  if (object === undefined || !isLive(object) || !isExpired(object, core.clock.now())) return;
  await execute(core, [deleteObject(object)], engineActor);
}

function isExpired(
  { spec: { expiresAt } }: VariantObject | EnvironmentObject,
  now: number,
): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Lets the object go, after its numbers were noted: a new life of the name begins above them. */
export async function forgetVariant(core: Core, name: string): Promise<void> {
  const object = await core.cache.fresh("ServiceVariant", name);
  if (object === undefined || isLive(object)) return;
  if ((object.status?.incarnations.length ?? 0) > 0 || parseVariant(name) === undefined) return;
  await raiseLedger(core, object.status?.lastIncarnation ?? 0);
  const outcome = await core.objects.release(object);
  if (outcome.kind !== "gone") return;
  core.cache.removed(object);
  core.facts.forgetVariant(name);
}

export async function forgetEnvironment(core: Core, name: string): Promise<void> {
  const object = await core.cache.fresh("Environment", name);
  if (object === undefined || isLive(object)) return;
  const outcome = await core.objects.release(object);
  if (outcome.kind === "gone") core.cache.removed(object);
}

type LedgerCore = Pick<Core, "objects" | "facts">;
const ledger = { kind: "Ledger", name: "incarnations" } as const;

/** The highest number of all that are gone, as stored. */
export async function readLedger(core: LedgerCore): Promise<number> {
  const found = await core.objects.get(ledger.kind, ledger.name);
  return noteLedger(core, found?.status?.highest ?? 0);
}

function noteLedger({ facts }: LedgerCore, stored: number): number {
  facts.ledger = Math.max(facts.ledger, stored);
  return facts.ledger;
}

/** Compared and written upon one read: a ledger that was read before the one that is written could be lowered. */
export async function raiseLedger(core: LedgerCore, number: number): Promise<void> {
  for (;;) {
    const found =
      (await core.objects.get(ledger.kind, ledger.name)) ??
      (await core.objects.create({ ...ledger, spec: {} }, engineActor)).object;
    const highest = found.status?.highest ?? 0;
    noteLedger(core, highest);
    if (highest >= number) return;
    await core.objects.writeStatus(found, { highest: number });
  }
}
