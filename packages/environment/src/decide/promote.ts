import {
  RC,
  type RouteTable,
  STABLE,
  type TableVariant,
  formatVariant,
  own,
} from "@cocktail/route";
import type { SourceDocument, VariantObject, VariantSpec } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, createObject, writeSpec } from "../write.ts";
import type { Refusal } from "../refusal.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import { findLiveVariant } from "./lookup.ts";

/** Pins a source to one revision, so that later commits on its branch don't change it. */
export type Pin = (source: SourceDocument, revision: string) => SourceDocument | Refused;

export function isRefused(value: SourceDocument | Refused): value is Refused {
  return "refusal" in value && isRefusal(value.refusal);
}
function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "reason" in value;
}

/**
 * The candidate's revision becomes stable's; the table that lists stable's new incarnation no longer lists the candidate.
 * Only a candidate that is serving can be promoted.
 */
export function decidePromote(
  objects: Objects,
  table: RouteTable,
  service: string,
  { now, pin }: { readonly now: number; readonly pin: Pin },
): Decision<{ readonly variant: string }> {
  const found = objects.variants.get(formatVariant(service, STABLE));
  if (found?.deletedAt !== undefined) {
    return { kind: "waits", for: { kind: "ServiceVariant", name: found.name } };
  }
  const candidate = findLiveVariant(objects, service, RC);
  const entry = candidate === undefined ? undefined : servingEntry(table, candidate);
  if (candidate === undefined || entry === undefined) return nothingToPromote(service, candidate);

  const variant = formatVariant(service, STABLE);
  const stable = findLiveVariant(objects, service, STABLE);
  if (stable !== undefined && isUnderWay(stable, candidate)) {
    return { kind: "decided", outcome: "unchanged", writes: [], warnings: [], variant };
  }
  const { revision } = entry;
  const source = pin(candidate.spec.source, revision);
  if (isRefused(source)) return source;
  const spec = promotedSpec(objects, candidate, stable, { source, revision, at: now });
  return stable === undefined
    ? decided("created", createObject("ServiceVariant", variant, spec), variant)
    : decided("updated", writeSpec(stable, spec), variant);
}

function decided(
  outcome: "created" | "updated",
  write: Write,
  variant: string,
): Decision<{ readonly variant: string }> {
  return { kind: "decided", outcome, writes: [write], warnings: [], variant };
}

function promotedSpec(
  objects: Objects,
  { spec, uid }: VariantObject,
  stable: VariantObject | undefined,
  how: { readonly source: SourceDocument; readonly revision: string; readonly at: number },
): VariantSpec {
  const { source, revision, at } = how;
  return {
    ...spec,
    key: STABLE,
    rollout: (stable?.spec.rollout ?? 0) + 1,
    source,
    onUnavailable: "Fail",
    expiresAt: undefined,
    entryHash: objects.services.get(spec.service)?.spec.entryHash,
    promotion: {
      candidate: { uid, rollout: spec.rollout },
      before: stable?.spec.source,
      revision,
      at,
    },
  };
}

/** The candidate's entry, if the table lists its newest rollout. */
function servingEntry(
  table: RouteTable,
  { spec, status }: VariantObject,
): TableVariant | undefined {
  const entry = own(own(table.services, spec.service) ?? {}, RC);
  const listed = status?.incarnations.find(({ number }) => number === entry?.incarnation);
  return listed?.rollout === spec.rollout ? entry : undefined;
}

/** True if this rollout is already promoted and has not failed: repeating the request changes nothing. */
function isUnderWay({ spec, status }: VariantObject, candidate: VariantObject): boolean {
  const { promotion, rollout } = spec;
  if (promotion?.candidate.uid !== candidate.uid) return false;
  if (promotion.candidate.rollout !== candidate.spec.rollout) return false;
  return !(status?.incarnations ?? []).some(
    (each) => each.rollout === rollout && each.failure !== undefined,
  );
}

function nothingToPromote(service: string, candidate: VariantObject | undefined): Refused {
  return refused("NothingToPromote", {
    service,
    variant: formatVariant(service, RC),
    candidate: candidate === undefined ? "absent" : "notServing",
  });
}
