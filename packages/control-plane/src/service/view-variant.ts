import { ownMembers } from "../engine/members.ts";
import type { VariantFilter } from "./lifecycle-service.ts";
import type { Incarnation, Service, Variant } from "@cocktail/client";
import {
  type IncarnationRecord,
  type Objects,
  type VariantObject,
  currentConditions,
  environmentsNaming,
  isLive,
  isService,
  serviceNames,
  tierOf,
} from "@cocktail/environment";
import { type HeaderNames, type RouteTable, STABLE, formatVariant, own } from "@cocktail/route";
import type { Platform } from "../engine/platform.ts";
import { type Addresses, variantUrl } from "./urls.ts";

/** The sources of views: stored objects, the head of the table, and the platform's statuses. */
export interface ViewSources {
  readonly objects: Objects;
  readonly table: RouteTable;
  readonly platform: Pick<Platform, "status" | "describe" | "host">;
  readonly addresses: Addresses;
  readonly headerNames: HeaderNames;
}

/** A variant as its users see it: its stored spec and status. */
export function viewVariant(sources: ViewSources, object: VariantObject): Variant {
  const { spec, status, name } = object;
  const { service, key } = spec;
  const records = status?.incarnations ?? [];
  const latest = records.at(-1);
  return {
    name,
    service,
    key,
    tier: tierOf(key),
    state: latest?.state ?? (isLive(object) ? "PENDING" : "GONE"),
    revision: status?.revision ?? "",
    source: sources.platform.describe(spec.source).source,
    branch: spec.branch,
    directory: directoryOf(sources, object),
    onUnavailable: spec.onUnavailable,
    incarnations: records.map((record) => viewIncarnation(sources, object, record)),
    conditions: currentConditions(object, sources.platform.host),
    environments: environmentsNaming(sources.objects, service, key),
    promoted: spec.promotion !== undefined,
    createdAt: new Date(object.createdAt).toISOString(),
    expiresAt: timeOf(spec.expiresAt),
    changedBy: object.changedBy?.actor.name,
    url: variantUrl(sources.addresses, sources.objects, service, key),
    header: { name: sources.headerNames.pins, value: name },
  };
}

/** The workload of the incarnation that serves, else of the newest. */
function directoryOf(sources: ViewSources, object: VariantObject): string | undefined {
  const { service, key } = object.spec;
  const records = object.status?.incarnations ?? [];
  const entry = own(own(sources.table.services, service) ?? {}, key);
  const serving = records.find(({ number }) => number === entry?.incarnation) ?? records.at(-1);
  return serving && workloadOf(sources, object, serving)?.directory;
}

function timeOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

function viewIncarnation(
  sources: ViewSources,
  object: VariantObject,
  record: IncarnationRecord,
): Incarnation {
  const workload = workloadOf(sources, object, record);
  return {
    number: record.number,
    state: record.state,
    revision: workload?.revision ?? record.revision,
    destination: record.destination ?? workload?.destination,
    pid: workload?.pid,
    restarts: workload?.restarts ?? 0,
  };
}

/** Of a workload that its platform holds now. */
function workloadOf(
  { platform }: ViewSources,
  { spec: { service, key } }: VariantObject,
  { number, host }: IncarnationRecord,
): ReturnType<Platform["status"]> | undefined {
  return host === platform.host
    ? platform.status({ service, key, incarnation: number })
    : undefined;
}

/** The file's services in its order, then those that only a branch has, by name. */
export function viewServices(sources: ViewSources): readonly Service[] {
  const { objects } = sources;
  const place = (name: string): number =>
    objects.services.get(name)?.spec.position ?? Number.MAX_SAFE_INTEGER;
  return [...serviceNames(objects)]
    .toSorted((one, other) => place(one) - place(other) || (one < other ? -1 : 1))
    .map((name) => viewService(sources, name));
}

export function viewService(sources: ViewSources, name: string): Service {
  const { objects, platform, addresses } = sources;
  const spec = objects.services.get(name)?.spec;
  const stable = objects.variants.get(formatVariant(name, STABLE));
  return {
    name,
    entry: spec?.entry ?? false,
    protocol: spec?.protocol ?? "auto",
    path: spec === undefined ? undefined : platform.describe(spec.source).path,
    url: variantUrl(addresses, objects, name, STABLE),
    variants: objects
      .ofService(name)
      .map((each) => each.spec.key)
      .toSorted(),
    promoted: stable?.spec.promotion !== undefined,
  };
}

export function findService(sources: ViewSources, name: string): Service | undefined {
  return isService(sources.objects, name) ? viewService(sources, name) : undefined;
}

/** `service:key` of those that match, sorted. */
export function variantNames(
  { objects, table }: Pick<ViewSources, "objects" | "table">,
  { service, environment }: VariantFilter,
): readonly string[] {
  const members = environment === undefined ? undefined : ownMembers(objects, table, environment);
  const found = service === undefined ? [...objects.variants.values()] : objects.ofService(service);
  return found
    .filter(({ spec }) => members === undefined || members[spec.service] === spec.key)
    .map(({ name }) => name)
    .toSorted();
}
