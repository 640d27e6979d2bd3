import { RC, type RouteTable, STABLE, own } from "@cocktail/route";
import type { DesiredService, DesiredVariant } from "../desired.ts";
import type { StateChange, StoredState } from "../state.ts";
import { counterOf, findLiveVariant, findService } from "./lookup.ts";

export interface SyncDecision {
  readonly changes: readonly StateChange[];
  /** What a person should know of, one line each. */
  readonly notes: readonly string[];
}

/**
 * The services as their file wants them. Stable follows its entry, except where a promotion stands above it and the entry
 * is still what it was when that was made.
 */
export function decideSync(
  state: StoredState,
  table: RouteTable,
  services: readonly DesiredService[],
  now: number,
): SyncDecision {
  const notes: string[] = [];
  const changes: StateChange[] = settledPromotions(state, table);
  for (const service of services) {
    if (JSON.stringify(findService(state, service.name)) !== JSON.stringify(service)) {
      changes.push({ kind: "PutService", service });
    }
    const variant = stableOf(state, service, now, notes);
    if (variant !== undefined) changes.push({ kind: "PutVariant", variant });
  }
  const named = new Set(services.map(({ name }) => name));
  for (const { name } of state.services) {
    if (named.has(name)) continue;
    changes.push({ kind: "RemoveService", name });
    const stable = findLiveVariant(state, name, STABLE);
    if (stable === undefined) continue;
    notes.push(`${name} is no longer in the file: its stable ends`);
    changes.push({ kind: "PutVariant", variant: { ...stable, deleted: true, discard: false } });
  }
  return { changes, notes: [...notes, ...clashes(state, named)] };
}

/** Stable's new generation where the file asks for another one. */
function stableOf(
  state: StoredState,
  service: DesiredService,
  now: number,
  notes: string[],
): DesiredVariant | undefined {
  const stable = findLiveVariant(state, service.name, STABLE);
  const before = findService(state, service.name);
  const { promotion } = stable ?? {};
  if (stable !== undefined && promotion !== undefined) {
    if (promotion.entryHash === service.entryHash) return undefined;
    notes.push(`${service.name} changed in the file: its promotion of ${promotion.revision} ends`);
  } else if (stable !== undefined && before?.entryHash === service.entryHash) {
    return undefined;
  }
  return {
    service: service.name,
    key: STABLE,
    generation: counterOf(state, service.name, STABLE).generation + 1,
    source: service.source,
    command: undefined,
    env: {},
    onUnavailable: "Fail",
    createdAt: stable?.createdAt ?? now,
    deleted: false,
    discard: false,
  };
}

/** A promotion that the table shows as done ends the candidate, whatever the file says by now. */
function settledPromotions(state: StoredState, table: RouteTable): StateChange[] {
  return state.variants.flatMap((stable): StateChange[] => {
    const { service, promotion } = stable;
    if (stable.key !== STABLE || promotion === undefined) return [];
    const candidate = findLiveVariant(state, service, RC);
    const listed = own(own(table.services, service) ?? {}, STABLE)?.incarnation;
    const isDone = state.incarnations.some(
      (each) =>
        each.service === service &&
        each.key === STABLE &&
        each.number === listed &&
        each.generation === stable.generation,
    );
    if (!isDone || candidate?.generation !== promotion.rcGeneration) return [];
    return [{ kind: "PutVariant", variant: { ...candidate, deleted: true } }];
  });
}

/** The file can't be refused; a service that took the name of a layer hides that layer's hosts. */
function clashes(state: StoredState, services: ReadonlySet<string>): readonly string[] {
  const layers = new Set(state.environments.map(({ name }) => name));
  for (const { key, deleted } of state.variants) if (!deleted) layers.add(key);
  return [...layers]
    .filter((name) => services.has(name))
    .toSorted()
    .map(
      (name) => `service ${name} has the name of an environment: the host ${name} is the service's`,
    );
}
