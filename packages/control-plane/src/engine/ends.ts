import {
  type Action,
  type EnvironmentObject,
  type VariantObject,
  deleteObject,
  derive,
  destroyWrites,
  endingWith,
  isLive,
} from "@cocktail/environment";
import { parseVariant } from "@cocktail/route";
import { type Core, engineActor } from "./core.ts";
import { observeVariant } from "./observe.ts";
import { execute } from "./execute.ts";

/** Deletions. Each reads its object again, because it may have changed since the plan. */
export async function destroyVariant(
  core: Core,
  { target, reason, discard = false }: Extract<Action, { readonly kind: "DestroyVariant" }>,
): Promise<void> {
  const object = await core.cache.fresh("ServiceVariant", target);
  if (object === undefined || !isLive(object) || !isOver(core, object, reason)) return;
  await execute(core, destroyWrites(object, discard), engineActor);
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
      return !derive(desired, observed).isDesired;
    }
    case "Requested": {
      const { service, key } = object.spec;
      const { index } = core.cache;
      const own = index.environments.get(key);
      return [...index.environmentsWith(service, key), ...(own === undefined ? [] : [own])].some(
        (each) =>
          !isLive(each) && endingWith(index, each.name).some((held) => held.name === object.name),
      );
    }
  }
}

/** Deletes an expired environment. Its variants are deleted when its deletion is reconciled. */
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

/** Removes the object after its highest number is in the ledger, so that numbers are never reused. */
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

/** The stored highest number of all removed objects. */
export async function readLedger(core: LedgerCore): Promise<number> {
  const found = await core.objects.get(ledger.kind, ledger.name);
  return noteLedger(core, found?.status?.highest ?? 0);
}

function noteLedger({ facts }: LedgerCore, stored: number): number {
  facts.ledger = Math.max(facts.ledger, stored);
  return facts.ledger;
}

/** Compares and writes on the same read; comparing with an earlier read could lower the ledger. */
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
