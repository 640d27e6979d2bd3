import { isRecord, type KubeObject } from "../object.ts";

/** What a candidate saw of the record, and since when by its own monotonic clock it is unchanged. */
export interface Observation {
  readonly record: string;
  readonly seenAt: number;
}

/** Wall clocks are never compared: a record is as old as this process has seen it unchanged. */
export function observe(
  before: Observation | undefined,
  lease: KubeObject,
  now: number,
): Observation {
  const record = JSON.stringify([lease.metadata.uid, lease["spec"]]);
  return before?.record === record ? before : { record, seenAt: now };
}

export interface Candidate {
  readonly identity: string;
  readonly leaseSeconds: number;
  /** Written as information for people. */
  readonly wallNow: number;
}

export type Decision =
  | { readonly kind: "write"; readonly lease: KubeObject }
  | { readonly kind: "wait"; readonly holder: string; readonly untilMs: number };

/** Whether to take or renew the lease as it was read, or to wait until it expires. */
export function decide(
  candidate: Candidate,
  lease: KubeObject,
  { seenAt }: Observation,
  now: number,
): Decision {
  const spec = isRecord(lease["spec"]) ? lease["spec"] : {};
  const { identity, leaseSeconds, wallNow } = candidate;
  const holder = textOf(spec["holderIdentity"]);
  const isNew = holder !== identity;
  if (holder !== "" && isNew) {
    // What its holder promised, not what this candidate would.
    const untilMs = seenAt + (positive(spec["leaseDurationSeconds"]) ?? leaseSeconds) * 1000;
    if (now < untilMs) return { kind: "wait", holder, untilMs };
  }
  const time = isNew ? microTime(wallNow) : renewalTime(spec["renewTime"], wallNow);
  const changes = positive(spec["leaseTransitions"]) ?? 0;
  const begun = isNew ? { acquireTime: time, leaseTransitions: changes + 1 } : {};
  const held = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, renewTime: time };
  return { kind: "write", lease: { ...lease, spec: { ...spec, ...held, ...begun } } };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const positive = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

/** A lease that nobody holds; only its holder may write it. */
export function released(lease: KubeObject, wallNow: number): KubeObject {
  const spec = isRecord(lease["spec"]) ? lease["spec"] : {};
  const renewTime = microTime(wallNow);
  return { ...lease, spec: { ...spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime } };
}

export function isHeldBy(lease: KubeObject, identity: string): boolean {
  return isRecord(lease["spec"]) && lease["spec"]["holderIdentity"] === identity;
}

/** Always later than the last: a clock that stands or runs back must not make a renewal look like none. */
function renewalTime(last: unknown, wallNow: number): string {
  const lastMs = typeof last === "string" ? Date.parse(last) : Number.NaN;
  return microTime(Number.isNaN(lastMs) ? wallNow : Math.max(wallNow, lastMs + 1));
}

function microTime(now: number): string {
  return new Date(now).toISOString().replace("Z", "000Z");
}
