import type { Incarnation, Source, Variant } from "@cocktail/client";
import {
  type Condition,
  type ConditionFact,
  type DesiredVariant,
  environmentsNaming,
  findService,
  type ObservedVariant,
  type Policy,
  servingOf,
  stampConditions,
  tierOf,
  variantConditions,
} from "@cocktail/environment";
import { formatVariant } from "@cocktail/route";
import type { WorkloadStatus } from "../lifecycle/platform.ts";
import type { Addresses } from "./addresses.ts";
import { observeVariant, type Scene } from "./scene.ts";

/** Since when each condition of each object is what it is. */
export class ConditionHistory {
  readonly #conditions = new Map<string, readonly Condition[]>();

  stamp(name: string, facts: readonly ConditionFact[], now: number): readonly Condition[] {
    const stamped = stampConditions(this.#conditions.get(name) ?? [], facts, now);
    this.#conditions.set(name, stamped);
    return stamped;
  }

  /** Keeps those that are named, so that it does not grow with what is long gone. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#conditions.keys()) {
      if (!names.has(name)) this.#conditions.delete(name);
    }
  }
}

export interface ViewContext {
  readonly scene: Scene;
  readonly addresses: Addresses;
  readonly history: ConditionHistory;
  readonly policy: Policy;
}

export function viewVariant(context: ViewContext, desired: DesiredVariant): Variant {
  const { scene, addresses, history, policy } = context;
  const { service, key } = desired;
  const name = formatVariant(service, key);
  const observed = observeVariant(scene, service, key);
  const incarnations = viewIncarnations(scene, observed);
  const newest = incarnations.at(-1);
  const entry = servingOf(desired, observed)?.entry;
  const serving = incarnations.find(({ number }) => number === entry?.incarnation) ?? newest;
  const status = serving && scene.status({ service, key, incarnation: serving.number });
  const facts = variantConditions(desired, observed, scene.now, policy);
  const isEntry = findService(scene.state, service)?.entry === true;
  return {
    name,
    service,
    key,
    tier: tierOf(key),
    state: newest?.state ?? "PENDING",
    revision: serving?.revision ?? "",
    source: viewSource(desired),
    onUnavailable: desired.onUnavailable,
    incarnations,
    conditions: history.stamp(`variant ${name}`, facts, scene.now),
    environments: environmentsNaming(scene.state, service, key),
    promoted: desired.promotion !== undefined,
    createdAt: new Date(desired.createdAt).toISOString(),
    header: addresses.variantHeader(service, key),
    ...(desired.branch === undefined ? {} : { branch: desired.branch }),
    ...(status?.directory === undefined ? {} : { directory: status.directory }),
    ...(desired.expiresAt === undefined
      ? {}
      : { expiresAt: new Date(desired.expiresAt).toISOString() }),
    ...(isEntry ? { url: addresses.ofVariant(service, key) } : {}),
  };
}

function viewSource({ source }: DesiredVariant): Source {
  return source.kind === "branch" ? { kind: "branch", branch: source.branch } : source;
}

function viewIncarnations(scene: Scene, observed: ObservedVariant): readonly Incarnation[] {
  return observed.incarnations
    .toSorted((one, other) => one.record.number - other.record.number)
    .map(({ record }) => {
      const { service, key, number } = record;
      return viewIncarnation(record, scene.status({ service, key, incarnation: number }));
    });
}

function viewIncarnation(
  { number, state, ...record }: ObservedVariant["incarnations"][number]["record"],
  status: WorkloadStatus,
): Incarnation {
  const destination = record.destination ?? status.destination;
  return {
    number,
    state,
    revision: record.revision === "" ? (status.revision ?? "") : record.revision,
    restarts: status.restarts,
    ...(destination === undefined ? {} : { destination }),
    ...(status.pid === undefined ? {} : { pid: status.pid }),
  };
}
