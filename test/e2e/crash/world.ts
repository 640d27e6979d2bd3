import { isDeepStrictEqual } from "node:util";

/** Milliseconds since 1970; both ends, because the test doesn't know when exactly the product read its clock. */
export interface Instant {
  readonly min: number;
  readonly max: number;
}

export interface VariantFacts {
  readonly service: string;
  readonly key: string;
  readonly branch: string | undefined;
  readonly version: string;
  /** The environment whose deploy made it. */
  readonly madeFor: string | undefined;
  readonly expires: Instant | undefined;
}

export interface EnvironmentFacts {
  readonly parent: string;
  readonly members: Readonly<Record<string, string>>;
  readonly expires: Instant | undefined;
}

/** An entry of cocktail.yaml: a number that each edit raises, and what `path` or `ref` means since. */
export interface EntryFacts {
  readonly generation: number;
  readonly version: string;
}

export interface StableFacts extends EntryFacts {
  /** What it ran before the promotion that can be undone. */
  readonly before: string | undefined;
  /** The promoted candidate, while it may not be gone yet. */
  readonly candidate: VariantFacts | undefined;
}

/** One state that the cocktail may be in, as far as commands tell. */
export interface World {
  readonly stable: Readonly<Record<string, StableFacts>>;
  /** By `service:key`; stable is not among them. */
  readonly variants: Readonly<Record<string, VariantFacts>>;
  readonly environments: Readonly<Record<string, EnvironmentFacts>>;
  /** What the file says, applied or not. */
  readonly file: Readonly<Record<string, EntryFacts>>;
}

/** A world in which nothing was deployed. */
export function freshWorld(file: World["file"]): World {
  const stable = Object.entries(file).map(
    ([service, entry]) => [service, { ...entry, before: undefined, candidate: undefined }] as const,
  );
  return { stable: Object.fromEntries(stable), variants: {}, environments: {}, file };
}

/** Each world once. */
export function distinct(worlds: readonly World[]): readonly World[] {
  const found: World[] = [];
  for (const world of worlds)
    if (!found.some((one) => isDeepStrictEqual(one, world))) found.push(world);
  return found;
}

export function withVariant(world: World, variant: VariantFacts): World {
  const name = `${variant.service}:${variant.key}`;
  return { ...world, variants: { ...world.variants, [name]: variant } };
}

export function withoutVariants(world: World, names: readonly string[]): World {
  const left = Object.entries(world.variants).filter(([name]) => !names.includes(name));
  return { ...world, variants: Object.fromEntries(left) };
}

export function withEnvironment(world: World, name: string, environment: EnvironmentFacts): World {
  return { ...world, environments: { ...world.environments, [name]: environment } };
}

export function withoutEnvironment(world: World, name: string): World {
  const left = Object.entries(world.environments).filter(([each]) => each !== name);
  return { ...world, environments: Object.fromEntries(left) };
}

/** The key that serves a service for a route of at most one pin and one environment. */
export function servingKey(
  world: World,
  service: string,
  {
    pin,
    environment,
  }: { readonly pin?: string | undefined; readonly environment?: string | undefined },
): string {
  const isLive = (key: string | undefined): key is string =>
    key !== undefined && (key === "stable" || world.variants[`${service}:${key}`] !== undefined);
  if (isLive(pin)) return pin;
  // A chain of parents ends: cycles are refused.
  for (let at = environment; at !== undefined && at !== "stable";) {
    const explicit = world.environments[at];
    const member = explicit?.members[service];
    if (isLive(member)) return member;
    if (isLive(at)) return at;
    at = explicit?.parent;
  }
  return "stable";
}
