import {
  type Action,
  type DesiredVariant,
  type IncarnationRecord,
  type StateChange,
  decideDeleteEnvironment,
  findEnvironment,
  heldOnlyBy,
  isWanted,
  newIncarnation,
} from "@cocktail/environment";
import { RC, formatVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { type VariantName, observeVariant } from "./observe.ts";
import type { IndexedState } from "./state-cache.ts";

/**
 * Actions that are writes of the stored state. Each decides once more upon the state its turn finds: between a plan and
 * its actions somebody may have deployed, extended or destroyed.
 */
export async function createIncarnation(
  core: Core,
  action: Extract<Action, { readonly kind: "CreateIncarnation" }>,
): Promise<void> {
  const { ref, generation } = action;
  await core.state.update((current) => {
    const desired = current.variant(formatVariant(ref.service, ref.key));
    const isOutdated =
      desired?.generation !== generation ||
      desired.deleted ||
      current.lastIncarnation(ref.service, ref.key) >= ref.number;
    if (isOutdated) return nothing;
    const now = core.clock.now();
    const incarnation = newIncarnation(desired, ref.number, { run: core.run, now });
    return { changes: [{ kind: "PutIncarnation", incarnation }] };
  });
}

export async function destroyVariant(
  core: Core,
  name: VariantName,
  reason: "Expired" | "Promoted",
): Promise<void> {
  await core.state.update((current) => {
    const { desired, observed } = observeVariant({ ...core.sources(), state: current }, name);
    if (desired === undefined || desired.deleted) return nothing;
    const isOver =
      reason === "Promoted"
        ? name.key === RC && !isWanted(desired, observed.promoted)
        : isExpired(desired, core.clock.now());
    if (!isOver) return nothing;
    return { changes: [{ kind: "PutVariant", variant: { ...desired, deleted: true } }] };
  });
}

/** Its lifetime is over. What holds uncommitted work stays, and says so. */
export async function destroyEnvironment(core: Core, name: string): Promise<readonly string[]> {
  const held = heldOnlyBy((await core.state.fresh()).state, name);
  const uncommittedWork = new Set<string>();
  for (const { service, key } of held) {
    if (await core.platform.uncommittedWork(service, key)) {
      uncommittedWork.add(formatVariant(service, key));
    }
  }
  const decision = await core.state.update((current) => {
    const environment = findEnvironment(current.state, name);
    if (environment === undefined || !isExpired(environment, core.clock.now())) return noVariants;
    const decided = decideDeleteEnvironment(current.state, {
      name,
      keepVariants: false,
      discard: false,
      uncommittedWork,
      because: "Expired",
    });
    return decided.kind === "refused" ? noVariants : decided;
  });
  return decision.variants;
}

export async function forgetVariant(core: Core, { service, key }: VariantName): Promise<void> {
  const name = formatVariant(service, key);
  const { changes } = await core.state.update((current): Changes => {
    const isOver =
      current.variant(name)?.deleted === true && current.incarnations(name).length === 0;
    return isOver ? { changes: [{ kind: "RemoveVariant", service, key }] } : nothing;
  });
  if (changes.length > 0) core.knowledge.forgetVariant(name);
}

interface Changes {
  readonly changes: readonly StateChange[];
}
const nothing: Changes = { changes: [] };
const noVariants = { changes: [], variants: [] } satisfies {
  readonly changes: readonly StateChange[];
  readonly variants: readonly string[];
};

function isExpired({ expiresAt }: Pick<DesiredVariant, "expiresAt">, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

export function findRecord(
  state: IndexedState,
  ref: VariantName & { readonly number: number },
): IncarnationRecord | undefined {
  return state
    .incarnations(formatVariant(ref.service, ref.key))
    .find(({ number }) => number === ref.number);
}
