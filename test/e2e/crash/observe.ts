import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { CocktailClient, Variant } from "@cocktail/client";
import { z } from "zod";
import { get } from "../support/request.ts";
import type { Lane } from "./lane.ts";
import { marked } from "./processes.ts";
import { alternateVersion, workingVersion } from "./repository.ts";
import { type Instant, servingKey, type World } from "./world.ts";

/** What the API lists. */
export interface Listing {
  readonly variants: readonly Variant[];
  readonly environments: readonly {
    readonly name: string;
    readonly parent: string | undefined;
    readonly members: Readonly<Record<string, string>>;
    readonly expiresAt: string | undefined;
  }[];
}

export async function readListing(client: CocktailClient): Promise<Listing> {
  const [variants, environments] = await Promise.all([client.variants(), client.environments()]);
  return {
    variants,
    environments: environments
      .filter(({ kind }) => kind === "Explicit")
      .map(({ expiresAt, members, name, parent }) => ({
        name,
        parent,
        members: Object.fromEntries(members.map(({ key, service }) => [service, key])),
        expiresAt,
      })),
  };
}

export const isReady = ({ conditions }: Variant): boolean =>
  conditions.some(({ status, type }) => type === "Ready" && status === "True");

/** How a listing differs from a world, one line each; empty where it is that one. */
export function listingDifferences(world: World, listing: Listing, lane: Lane): readonly string[] {
  const expected = new Map(Object.entries(world.variants));
  const found = new Map(
    listing.variants.filter(({ tier }) => tier !== "stable").map((each) => [each.name, each]),
  );
  const lines: string[] = [];
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    const [wanted, is] = [expected.get(name), found.get(name)];
    if (wanted === undefined || is === undefined) {
      lines.push(`${name} ${is === undefined ? "is missing" : "should not be"}`);
      continue;
    }
    const version = versionIn(lane, is);
    if (version !== wanted.version) lines.push(`${name} is ${version}, not ${wanted.version}`);
    if (is.branch !== wanted.branch) lines.push(`${name} is of ${is.branch}, not ${wanted.branch}`);
    lines.push(...lifetime(name, wanted.expires, is.expiresAt));
  }
  for (const [service, { version }] of Object.entries(world.stable)) {
    const is = listing.variants.find(({ name }) => name === `${service}:stable`);
    const runs = is === undefined ? "missing" : versionIn(lane, is);
    if (runs !== version) lines.push(`${service}:stable is ${runs}, not ${version}`);
  }
  return [...lines, ...environmentDifferences(world, listing)];
}

function environmentDifferences(world: World, listing: Listing): readonly string[] {
  const lines: string[] = [];
  const found = new Map(listing.environments.map((each) => [each.name, each]));
  for (const name of new Set([...Object.keys(world.environments), ...found.keys()])) {
    const [wanted, is] = [world.environments[name], found.get(name)];
    if (wanted === undefined || is === undefined) {
      lines.push(`environment ${name} ${is === undefined ? "is missing" : "should not be"}`);
      continue;
    }
    const implicit = Object.values(world.variants).flatMap(({ key, service }) =>
      key === name ? [[service, key] as const] : [],
    );
    // The layer of a key goes on under an environment of its name.
    const members = { ...Object.fromEntries(implicit), ...wanted.members };
    const text = describeLayer({ ...wanted, members });
    const isText = describeLayer(is);
    if (text !== isText) lines.push(`environment ${name} is ${isText}, not ${text}`);
    lines.push(...lifetime(`environment ${name}`, wanted.expires, is.expiresAt));
  }
  return lines;
}

function describeLayer({
  members,
  parent,
}: {
  readonly members: Readonly<Record<string, string>>;
  readonly parent: string | undefined;
}): string {
  return `${JSON.stringify(Object.entries(members).toSorted(([one], [other]) => (one < other ? -1 : 1)))} over ${parent}`;
}

/** Clocks are read on both sides, in milliseconds. */
const toleranceMs = 50;

function lifetime(
  name: string,
  wanted: Instant | undefined,
  is: string | undefined,
): readonly string[] {
  const at = is === undefined ? undefined : Date.parse(is);
  if (wanted === undefined || at === undefined)
    return (wanted === undefined) === (at === undefined)
      ? []
      : [`${name} expires ${is}, not ${instant(wanted)}`];
  const isRight = at >= wanted.min - toleranceMs && at <= wanted.max + toleranceMs;
  return isRight ? [] : [`${name} expires ${is}, not ${instant(wanted)}`];
}

function instant(wanted: Instant | undefined): string {
  if (wanted === undefined) return "never";
  return `from ${new Date(wanted.min).toISOString()} to ${new Date(wanted.max).toISOString()}`;
}

/** A directory has the revision of the repository around it, whatever it holds. */
function versionIn({ repository }: Lane, { revision, source }: Variant): string {
  if (source.kind === "directory") return alternateVersion;
  return repository.versionAt(revision) ?? (source.kind === "service" ? workingVersion : revision);
}

const said = z.object({
  service: z.string(),
  variant: z.string(),
  generation: z.string(),
  version: z.string(),
  isWhole: z.boolean(),
});
const answer = z.object({ ...said.shape, back: said });

const allKeys = ["mp-1", "mp-2", "mp-3", "mp-4", "mp-5", "mp-6", "rc", "stable"];
const allEnvironments = ["ops-1", "squad", "rc", "mp-1", "mp-2", "mp-3", "mp-4", "mp-5", "mp-6"];

/** Asks for everything that a world says of routes: who answers, and at which commit. Differences, one line each. */
export async function trafficDifferences(world: World, edge: string): Promise<readonly string[]> {
  const pins = Object.keys(world.stable).flatMap((service) =>
    allKeys.map((key) => ({ service, pin: key })),
  );
  const routes = [{}, ...pins, ...allEnvironments.map((environment) => ({ environment }))];
  const lines = await Promise.all(routes.map((route) => askRoute(world, edge, route)));
  return lines.flat();
}

interface Asked {
  readonly service?: string;
  readonly pin?: string;
  readonly environment?: string;
}

async function askRoute(
  world: World,
  edge: string,
  { environment, pin, service }: Asked,
): Promise<readonly string[]> {
  const headers: Record<string, string> = {
    ...(pin !== undefined && { "x-service-route": `${service}:${pin}` }),
    ...(environment !== undefined && { "x-source-route": environment }),
  };
  const asked = JSON.stringify(headers);
  const { body, served, status } = await get({ edge, host: "front.localhost", headers });
  if (status !== 200) return [`${asked}: ${status} ${body.slice(0, 300)}`];
  const { back, ...front } = answer.parse(JSON.parse(body));
  const wrong = [front, back].flatMap((one) => {
    const route = { pin: service === one.service ? pin : undefined, environment };
    const wanted = speaker(world, one.service, servingKey(world, one.service, route));
    const { generation, isWhole, service: name, variant, version } = one;
    const isRight = variant === wanted.key && version === wanted.version && isWhole;
    const isOfFile = wanted.generations === undefined || wanted.generations.includes(generation);
    if (isRight && isOfFile) return [];
    return [
      `${asked}: ${name} is ${JSON.stringify({ generation, isWhole, variant, version })}, not ${JSON.stringify(wanted)}`,
    ];
  });
  const isNamed = served === `front:${front.variant}`;
  return isNamed
    ? wrong
    : [...wrong, `${asked}: x-route-served is ${served}, ${front.variant} answered`];
}

function speaker(
  world: World,
  service: string,
  key: string,
): {
  readonly key: string;
  readonly version: string | undefined;
  readonly generations?: readonly string[];
} {
  const stable = world.stable[service];
  if (key !== "stable") return { key, version: world.variants[`${service}:${key}`]?.version };
  // A process reads the file's variables when it starts, also where the entry is not stored yet.
  const generations = [stable?.generation, world.file[service]?.generation].map(String);
  return { key, version: stable?.version, generations };
}

/** What a cocktail that runs has and should not have: processes, checkouts, records of them. One line each. */
export async function leftBeside(world: World, lane: Lane): Promise<readonly string[]> {
  const runId = await lane.runId();
  const all = marked(lane.mark);
  const strangers = all.filter((each) => each.runId !== undefined && each.runId !== runId);
  const services = all.filter(
    ({ runId: own, words }) => own === runId && words.some((word) => word.endsWith("service.ts")),
  );
  const wanted = Object.keys(world.variants).length + Object.keys(world.stable).length;
  return [
    ...strangers.map(({ pid, words }) => `process ${pid} is of an earlier run: ${words.join(" ")}`),
    ...(services.length === wanted ? [] : [`${services.length} services run, not ${wanted}`]),
    ...checkoutDifferences(world, lane),
  ];
}

function checkoutDifferences(world: World, { directory }: Lane): readonly string[] {
  const root = join(directory, ".cocktail/worktrees");
  const found = readdirSync(root, { withFileTypes: true });
  const checkouts = found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const incomplete = found.flatMap(({ name }) =>
    name.endsWith(".incomplete") ? [`${name} is left`] : [],
  );
  const isOf = (checkout: string, name: string): boolean =>
    checkout.startsWith(`${name.replace(":", ".")}.`);
  const fromGit = Object.entries(world.variants).flatMap(([name, { version }]) =>
    version === alternateVersion ? [] : [name],
  );
  const stables = Object.entries(world.stable).flatMap(([service, { version }]) =>
    version === workingVersion ? [] : [`${service}:stable`],
  );
  const names = [...fromGit, ...stables];
  const recorded = recordsOf(directory);
  return [
    ...incomplete,
    ...checkouts
      .filter((each) => !names.some((name) => isOf(each, name)))
      .map((each) => `checkout ${each} is of no variant`),
    ...names
      .filter((name) => !checkouts.some((each) => isOf(each, name)))
      .map((name) => `${name} has no checkout`),
    ...recorded.flatMap(({ checkout, isLocked }) => [
      ...(checkouts.includes(checkout) ? [] : [`the repository has a record of ${checkout}`]),
      ...(isLocked ? [`the record of ${checkout} is locked`] : []),
    ]),
    ...checkouts
      .filter((each) => !recorded.some(({ checkout }) => checkout === each))
      .map((each) => `the repository has no record of ${each}`),
  ];
}

/** The records of worktrees in the user's repository, read as git keeps them: it is asked often. */
function recordsOf(
  directory: string,
): readonly { readonly checkout: string; readonly isLocked: boolean }[] {
  const root = join(directory, ".git/worktrees");
  if (!existsSync(root)) return [];
  return readdirSync(root).map((name) => ({
    checkout: basename(dirname(readFileSync(join(root, name, "gitdir"), "utf8"))),
    isLocked: existsSync(join(root, name, "locked")),
  }));
}
