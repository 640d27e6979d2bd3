import type { Incarnation, Variant } from "@cocktail/client";
import {
  type DesiredVariant,
  type ObservedIncarnation,
  type ObservedVariant,
  environmentsNaming,
  newest,
  servingOf,
  tierOf,
  variantConditions,
} from "@cocktail/environment";
import { formatVariant } from "@cocktail/route";
import type { Core } from "./core.ts";
import { type Sources, observeVariant, toWorkloadRef } from "./observe.ts";
import { variantUrl } from "./urls.ts";

/** A variant as its users see it; undefined where nobody wants one. */
export function viewVariant(
  core: Core,
  sources: Sources,
  service: string,
  key: string,
): Variant | undefined {
  const { desired, observed } = observeVariant(sources, { service, key });
  return desired === undefined ? undefined : viewOf(core, sources, desired, observed);
}

function viewOf(
  core: Core,
  sources: Sources,
  desired: DesiredVariant,
  observed: ObservedVariant,
): Variant {
  const { service, key } = desired;
  const name = formatVariant(service, key);
  const latest = newest(observed.incarnations);
  const serving = servingOf(desired, observed)?.incarnation;
  const now = core.clock.now();
  const facts = variantConditions(desired, observed, now, core.policy);
  return {
    name,
    service,
    key,
    tier: tierOf(key),
    state: latest?.record.state ?? (desired.deleted ? "GONE" : "PENDING"),
    revision: revisionOf(serving ?? latest, observed),
    source: desired.source,
    branch: desired.branch,
    directory: directoryOf(core, serving ?? latest),
    onUnavailable: desired.onUnavailable,
    incarnations: observed.incarnations
      .toSorted((one, other) => one.record.number - other.record.number)
      .map((each) => viewIncarnation(core, each)),
    conditions: core.knowledge.stamp(name, facts, now),
    environments: environmentsNaming(sources.state.state, service, key),
    promoted: desired.promotion !== undefined,
    createdAt: new Date(desired.createdAt).toISOString(),
    expiresAt:
      desired.expiresAt === undefined ? undefined : new Date(desired.expiresAt).toISOString(),
    url: variantUrl(core, sources, service, key),
    header: { name: core.headerNames.pins, value: name },
  };
}

function viewIncarnation(core: Core, { record, workload }: ObservedIncarnation): Incarnation {
  const isOurs = record.run === core.run;
  const status = core.platform.status(toWorkloadRef(record));
  return {
    number: record.number,
    state: record.state,
    revision: firstText(record.revision, workload.revision),
    destination: record.destination ?? workload.destination,
    pid: isOurs ? status.pid : undefined,
    restarts: isOurs ? status.restarts : 0,
  };
}

function revisionOf(
  incarnation: ObservedIncarnation | undefined,
  observed: ObservedVariant,
): string {
  if (incarnation === undefined) return "";
  const { record, workload } = incarnation;
  const { entry } = observed.route;
  const listed = entry?.incarnation === record.number ? entry.revision : undefined;
  return firstText(listed, record.revision, workload.revision);
}

function directoryOf(core: Core, incarnation: ObservedIncarnation | undefined): string | undefined {
  if (incarnation === undefined || incarnation.record.run !== core.run) return undefined;
  return core.platform.status(toWorkloadRef(incarnation.record)).directory;
}

function firstText(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== "") ?? "";
}
