import type { Operation } from "./operation.ts";
import {
  type Instant,
  type VariantFacts,
  withEnvironment,
  withoutEnvironment,
  withoutVariants,
  withVariant,
  type World,
} from "./world.ts";

/** What an operation makes of a world. */
export interface Effect {
  /** After each of its writes; the last one is all of it. None where it is refused. */
  readonly after: readonly World[];
  /** What may be instead of the last, depending on what earlier operations have already brought about. */
  readonly or: readonly World[];
  /** It may be refused as well, for the same reason. */
  readonly mayRefuse: boolean;
}

/** When the command ran, in milliseconds since 1970. */
export type During = Instant;

const refused: Effect = { after: [], or: [], mayRefuse: true };
const done = (...after: readonly World[]): Effect => ({ after, or: [], mayRefuse: false });

type Of<K extends Operation["kind"]> = Extract<Operation, { readonly kind: K }>;

/**
 * What README and reference promise of each command, written from them and not from the product's code. An environment and
 * its variants are objects of their own, each with a write of its own (SCENARIOS.md): so an effect may have several steps.
 */
export function effectOf(world: World, operation: Operation, during: During): Effect {
  switch (operation.kind) {
    case "deploy":
      return deploy(world, operation, during);
    case "delete":
      return done(withoutVariants(withoutCandidate(world, operation), [nameOf(operation)]));
    case "restart":
      return operation.key === "stable" || world.variants[nameOf(operation)] !== undefined
        ? done(world)
        : refused;
    case "promote":
      return promote(world, operation.service);
    case "rollback":
      return rollback(world, operation.service);
    case "env create":
    case "env apply":
      return putEnvironment(world, operation, during);
    case "env extend":
      return extend(world, operation, during);
    case "env delete":
      return deleteEnvironment(world, operation);
    case "apply":
    case "up":
      return applyFile(world);
    case "down":
    case "commit":
    case "drop":
      return done(world);
  }
}

/** The edit of `apply` happens before its command, whatever becomes of that. */
export function edited(world: World, operation: Operation): World {
  if (operation.kind !== "apply") return world;
  const { service, version } = operation;
  const generation = (world.file[service]?.generation ?? 0) + 1;
  return { ...world, file: { ...world.file, [service]: { generation, version } } };
}

/** What was under way is done. */
export function settled(world: World): World {
  const stable = Object.entries(world.stable).map(
    ([service, facts]) => [service, { ...facts, candidate: undefined }] as const,
  );
  return { ...world, stable: Object.fromEntries(stable) };
}

function deploy(world: World, operation: Of<"deploy">, during: During): Effect {
  const { branch, environment, key, replace, service, ttl, version } = operation;
  const existing = world.variants[nameOf(operation)];
  const isOther = isOfAnotherBranch(existing, branch);
  if (version === undefined || (isOther && !replace && key !== "rc")) return refused;
  const madeFor = madeForOf(world, existing, environment);
  const expires = ttl === undefined ? existing?.expires : plus(during, ttl);
  const kept = isOther && ttl === undefined ? undefined : expires;
  const variant = { service, key, branch, version, madeFor, expires: kept };
  const deployed = withVariant(withoutCandidate(world, operation), variant);
  return environment === undefined ? done(deployed) : join(deployed, environment, variant);
}

function isOfAnotherBranch(
  existing: VariantFacts | undefined,
  branch: string | undefined,
): boolean {
  return existing?.branch !== undefined && existing.branch !== branch;
}

function join(world: World, name: string, { expires, key, service }: VariantFacts): Effect {
  const layer = world.environments[name];
  if (layer?.members[service] === key) return done(world);
  if (layer !== undefined) {
    const members = { ...layer.members, [service]: key };
    return done(world, withEnvironment(world, name, { ...layer, members }));
  }
  const owned = disowned(world, name, `${service}:${key}`);
  const made = { parent: "stable", members: { [service]: key }, expires };
  return done(owned, withEnvironment(owned, name, made));
}

function madeForOf(
  world: World,
  existing: VariantFacts | undefined,
  environment: string | undefined,
): string | undefined {
  if (existing === undefined) return environment;
  const before = existing.madeFor;
  return before !== undefined && before === environment && world.environments[before] === undefined
    ? undefined
    : before;
}

/** What an earlier environment of that name made, and left behind, isn't of this one. */
function disowned(world: World, environment: string, except?: string): World {
  const variants = Object.entries(world.variants).map(([name, variant]) =>
    variant.madeFor === environment && name !== except
      ? ([name, { ...variant, madeFor: undefined }] as const)
      : ([name, variant] as const),
  );
  return { ...world, variants: Object.fromEntries(variants) };
}

function promote(world: World, service: string): Effect {
  const candidate = world.variants[`${service}:rc`];
  const stable = world.stable[service];
  if (stable === undefined) return refused;
  // Promoted already, and perhaps not gone yet: then promoting it again changes nothing.
  if (candidate === undefined)
    return stable.candidate === undefined ? refused : { after: [world], or: [], mayRefuse: true };
  const next = { ...stable, version: candidate.version, before: stable.version, candidate };
  const promoted = { ...world, stable: { ...world.stable, [service]: next } };
  // Refused while the candidate isn't serving yet.
  return { after: [withoutVariants(promoted, [`${service}:rc`])], or: [], mayRefuse: true };
}

function rollback(world: World, service: string): Effect {
  const stable = world.stable[service];
  if (stable?.before === undefined) return refused;
  const { before: version, candidate } = stable;
  const next = { ...stable, version, before: undefined, candidate: undefined };
  const back = { ...world, stable: { ...world.stable, [service]: next } };
  return { ...done(back), or: withCandidates(back, [candidate]) };
}

function applyFile(world: World): Effect {
  const changed = Object.entries(world.file).filter(
    ([service, { generation }]) => world.stable[service]?.generation !== generation,
  );
  const entries = changed.map(
    ([service, entry]) => [service, { ...entry, before: undefined, candidate: undefined }] as const,
  );
  const after = { ...world, stable: { ...world.stable, ...Object.fromEntries(entries) } };
  const candidates = changed.map(([service]) => world.stable[service]?.candidate);
  return { ...done(after), or: withCandidates(after, candidates) };
}

/** A promotion that was not served yet when it was overwritten hasn't removed its candidate. */
function withCandidates(
  world: World,
  candidates: readonly (VariantFacts | undefined)[],
): readonly World[] {
  return candidates.flatMap((each) => (each === undefined ? [] : [withVariant(world, each)]));
}

function putEnvironment(
  world: World,
  { kind, members, name, parent, ttl }: Of<"env create" | "env apply">,
  during: During,
): Effect {
  const existing = world.environments[name];
  if (kind === "env create" && existing !== undefined) return refused;
  if (!isLayer(world, parent) || isBelow(world, name, parent)) return refused;
  const expires = ttl === undefined ? undefined : plus(during, ttl);
  const owned = existing === undefined ? disowned(world, name) : world;
  return done(withEnvironment(owned, name, { parent, members, expires }));
}

function isLayer(world: World, name: string): boolean {
  const isKey = Object.values(world.variants).some(({ key }) => key === name);
  return name === "stable" || name === "rc" || world.environments[name] !== undefined || isKey;
}

/** True if `parent` is the layer, or stands on it. */
function isBelow(world: World, name: string, parent: string): boolean {
  for (let at: string | undefined = parent; at !== undefined; at = world.environments[at]?.parent)
    if (at === name) return true;
  return false;
}

function extend(world: World, { by, name }: Of<"env extend">, { max, min }: During): Effect {
  const layer = world.environments[name];
  const isKey = Object.values(world.variants).some(({ key }) => key === name);
  if (layer === undefined && !isKey) return refused;
  const later = (expires: Instant): Instant => ({
    min: Math.max(expires.min, min) + by * 1000,
    max: Math.max(expires.max, max) + by * 1000,
  });
  let at = world;
  const steps: World[] = [];
  for (const variant of Object.values(world.variants)) {
    if (variant.expires === undefined || !holders(world, variant).includes(name)) continue;
    at = withVariant(at, { ...variant, expires: later(variant.expires) });
    steps.push(at);
  }
  if (layer?.expires !== undefined)
    steps.push(withEnvironment(at, name, { ...layer, expires: later(layer.expires) }));
  return steps.length === 0 ? done(world) : done(...steps);
}

/** The layers that hold a variant. */
function holders(world: World, { key, service }: VariantFacts): readonly string[] {
  const naming = Object.entries(world.environments)
    .filter(([, { members }]) => members[service] === key)
    .map(([name]) => name);
  if (key === "rc") return [...naming, "rc"];
  return naming.length === 0 ? [key] : naming;
}

function deleteEnvironment(world: World, { keep, name }: Of<"env delete">): Effect {
  if (Object.values(world.environments).some(({ parent }) => parent === name)) return refused;
  const isExplicit = world.environments[name] !== undefined;
  const ending = keep ? [] : endingWith(world, name);
  if (isExplicit) return done(withoutVariants(withoutEnvironment(world, name), ending));
  // The layer of a key: its variants are deleted one by one.
  const steps = ending.map((_, index) => withoutVariants(world, ending.slice(0, index + 1)));
  return steps.length === 0 ? done(world) : done(...steps);
}

/** The variants that end with a layer: those that only it holds, and of an environment those that its deploys made. */
function endingWith(world: World, name: string): readonly string[] {
  const isExplicit = world.environments[name] !== undefined;
  return Object.entries(world.variants)
    .filter(([, variant]) => {
      const all = holders(world, variant);
      return all.length === 1 && all[0] === name && (!isExplicit || variant.madeFor === name);
    })
    .map(([each]) => each)
    .toSorted();
}

/** The worlds in which any of what may be over by `now` is gone. */
export function withExpiries(world: World, now: number): readonly World[] {
  let worlds: readonly World[] = [world];
  const isDue = (expires: Instant | undefined): boolean => (expires?.min ?? Infinity) <= now;
  for (const [name, { expires }] of Object.entries(world.environments))
    if (isDue(expires)) worlds = worlds.flatMap((each) => [each, ...withoutExpired(each, name)]);
  for (const [name, { expires }] of Object.entries(world.variants))
    if (isDue(expires)) worlds = worlds.flatMap((each) => [each, withoutVariants(each, [name])]);
  return worlds;
}

function withoutExpired(world: World, name: string): readonly World[] {
  const end = { kind: "env delete", name, keep: false } as const;
  return deleteEnvironment(world, end).after.slice(-1);
}

/** When everything in it that has a short life is over; a parent outlives its own. */
export function isOverdue(world: World, now: number): boolean {
  const isOver = (expires: Instant | undefined): boolean => (expires?.max ?? Infinity) < now;
  const isParent = (name: string): boolean =>
    Object.values(world.environments).some(({ parent }) => parent === name);
  return (
    Object.values(world.variants).some(({ expires }) => isOver(expires)) ||
    Object.entries(world.environments).some(
      ([name, { expires }]) => isOver(expires) && !isParent(name),
    )
  );
}

/** A candidate that is deployed or deleted by hand is no longer the promoted one. */
function withoutCandidate(
  world: World,
  { key, service }: { readonly key: string; readonly service: string },
): World {
  const stable = world.stable[service];
  if (key !== "rc" || stable?.candidate === undefined) return world;
  return { ...world, stable: { ...world.stable, [service]: { ...stable, candidate: undefined } } };
}

function nameOf({ key, service }: { readonly key: string; readonly service: string }): string {
  return `${service}:${key}`;
}

function plus({ max, min }: During, seconds: number): Instant {
  return { min: min + seconds * 1000, max: max + seconds * 1000 };
}
