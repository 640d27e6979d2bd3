import { describeFault, type Fault } from "./fault.ts";
import { describeOperation, type Operation } from "./operation.ts";
import type { Target } from "./processes.ts";
import { type Random, randomOf } from "./random.ts";
import { alternateVersion, branches, commitsOfBranch, versionOf } from "./repository.ts";
import { edited, effectOf } from "./rules.ts";
import { freshWorld, type World } from "./world.ts";

export interface Step {
  readonly operation: Operation;
  readonly faults: readonly Fault[];
  /** Where the cocktail is down when the step comes, it is started before, under these faults; not at all without. */
  readonly revival: readonly Fault[] | undefined;
}

export interface Schedule {
  readonly seed: number;
  readonly number: number;
  readonly steps: readonly Step[];
}

/** The steps as a failure prints them. */
export function describeStep({ faults, operation, revival }: Step): string {
  const first = revival === undefined ? "" : "(after up, if it is down) ";
  const lines = [
    ...(revival ?? []).map((fault) => `during that up: ${describeFault(fault)}`),
    ...faults.map(describeFault),
  ];
  return [`${first}${describeOperation(operation)}`, ...lines].join("\n      ");
}

const services = ["front", "back"];
/** Keys of directories; those of branches follow from their names. */
const directoryKeys = ["mp-4", "mp-5"];
const environments = ["ops-1", "squad", "mp-1"];
const longTtl = 3_600;
const shortTtl = 2;

/** What the generator takes for true: as if every operation was done. */
interface Guess {
  world: World;
  /** Commit of each branch; undefined once the user has deleted it. */
  readonly tips: Map<string, number | undefined>;
}

/** Schedule `number` of a seed: two to five operations, one to three of them with faults. */
export function scheduleOf(seed: number, number: number): Schedule {
  const random = randomOf(seed, number);
  const entries = services.map((service) => [service, { generation: 0, version: "" }] as const);
  const guess: Guess = {
    world: freshWorld(Object.fromEntries(entries)),
    tips: new Map(branches.map((branch) => [branch, 0])),
  };
  const operations: Operation[] = [];
  const count = 2 + random.int(4);
  while (operations.length < count) {
    const operation = chooseOperation(random, guess);
    operations.push(operation);
    if (operation.kind === "down") operations.push({ kind: "up" });
    carryOut(guess, operation);
  }
  const disturbed = new Set<number>();
  for (let left = 1 + random.int(3); left > 0; left--) disturbed.add(random.int(operations.length));
  const steps = operations.map((operation, index) => ({
    operation,
    faults: disturbed.has(index) ? chooseFaults(random, operation) : [],
    revival: random.chance(0.8) ? chooseRevival(random) : undefined,
  }));
  return { seed, number, steps };
}

function chooseRevival(random: Random): readonly Fault[] {
  return random.chance(0.3) ? chooseFaults(random, { kind: "up" }) : [];
}

function carryOut(guess: Guess, operation: Operation): void {
  if (operation.kind === "commit") guess.tips.set(operation.branch, operation.to);
  if (operation.kind === "drop") guess.tips.set(operation.branch, undefined);
  const during = { min: 0, max: 0 };
  guess.world =
    effectOf(edited(guess.world, operation), operation, during).after.at(-1) ?? guess.world;
}

type Choose = (random: Random, guess: Guess, wait: boolean) => Operation;

function chooseOperation(random: Random, guess: Guess): Operation {
  const wait = random.chance(0.6);
  let dice = random.int(100);
  for (const [share, choose] of shares) {
    if (dice < share) return choose(random, guess, wait);
    dice -= share;
  }
  return { kind: "down" };
}

const chooseDelete: Choose = (random, guess, wait) => {
  const variants = Object.values(guess.world.variants);
  if (variants.length === 0) return chooseDeploy(random, guess, wait);
  // Sometimes a variant that does not exist.
  const { key, service } = random.chance(0.1)
    ? { service: "back", key: "mp-5" }
    : random.pick(variants);
  return { kind: "delete", service, key, wait };
};

const chooseRestart: Choose = (random, { world }, wait) => {
  const variants = Object.values(world.variants);
  const isStable = variants.length === 0 || random.chance(0.4);
  const { key, service } = isStable
    ? { service: random.pick(services), key: "stable" }
    : random.pick(variants);
  return { kind: "restart", service, key, wait };
};

const choosePromotion: Choose = (random, guess, wait) => {
  const { stable, variants } = guess.world;
  const promoted = services.filter((service) => stable[service]?.before !== undefined);
  if (promoted.length > 0 && random.chance(0.6))
    return { kind: "rollback", service: random.pick(promoted), wait };
  const candidates = services.filter((service) => variants[`${service}:rc`] !== undefined);
  // Now and then where there is no candidate.
  if (candidates.length === 0 && random.chance(0.8)) return chooseCandidate(random, guess, wait);
  const service = random.pick(candidates.length === 0 ? services : candidates);
  return { kind: "promote", service, wait };
};

const chooseCandidate: Choose = (random, guess, wait) => {
  const branch = random.chance(0.7) ? "next" : random.pick(branches);
  const version = tipOf(guess, branch);
  const service = random.pick(services);
  return { kind: "deploy", service, key: "rc", branch, version, replace: false, wait };
};

const chooseDeploy: Choose = (random, guess, wait) => {
  const dice = random.int(100);
  const deployed = Object.values(guess.world.variants).filter(({ branch }) => branch !== undefined);
  if (dice < 30 && deployed.length > 0) {
    const { branch, key, service } = random.pick(deployed);
    const options = key === "rc" ? { replace: false, wait } : deployOptions(random, wait);
    return { kind: "deploy", service, key, branch, version: tipOf(guess, branch), ...options };
  }
  const service = random.pick(services);
  if (dice < 50) {
    // Now and then on the key of a branch, which is refused without --replace.
    const key = random.chance(0.15) ? "mp-2" : random.pick(directoryKeys);
    const version = alternateVersion;
    return { kind: "deploy", service, key, version, ...deployOptions(random, wait) };
  }
  const branch = random.pick(branches);
  const version = tipOf(guess, branch);
  if (branch === "next") return chooseCandidate(random, guess, wait);
  const [key = ""] = /mp-[0-9]/.exec(branch) ?? [];
  return { kind: "deploy", service, key, branch, version, ...deployOptions(random, wait) };
};

function deployOptions(random: Random, wait: boolean) {
  return {
    environment: random.chance(0.35) ? random.pick(environments) : undefined,
    ttl: random.chance(0.2) ? random.pick([shortTtl, longTtl]) : undefined,
    replace: random.chance(0.15),
    wait,
  };
}

function tipOf({ tips }: Guess, branch: string | undefined): string | undefined {
  const tip = branch === undefined ? undefined : tips.get(branch);
  return branch === undefined || tip === undefined ? undefined : versionOf(branch, tip);
}

const chooseEnvironment: Choose = (random, { world }, wait) => {
  const name = random.pick(environments);
  const known = Object.entries(world.environments);
  if (known.length > 0 && random.chance(0.4)) {
    const [some] = random.pick(known);
    return random.chance(0.4)
      ? { kind: "env extend", name: some, by: 600 + random.int(600) }
      : { kind: "env delete", name: some, keep: random.chance(0.3) };
  }
  if (random.chance(0.1)) return { kind: "env delete", name, keep: false };
  const members = services
    .filter(() => random.chance(0.7))
    .map((service) => {
      const keys = Object.values(world.variants).flatMap((each) =>
        each.service === service ? [each.key] : [],
      );
      return [service, random.pick([...keys, ...keys, "mp-3", "stable"])] as const;
    });
  const parents = ["stable", "stable", "rc", ...known.map(([each]) => each), "mp-4"];
  return {
    kind: random.chance(0.5) ? "env create" : "env apply",
    name,
    parent: random.pick(parents),
    members: Object.fromEntries(members),
    ttl: random.chance(0.35) ? random.pick([shortTtl, longTtl]) : undefined,
    wait,
  };
};

const chooseUserStep: Choose = (random, { tips }) => {
  const branch = random.pick(branches);
  const tip = tips.get(branch);
  if (tip === undefined || tip + 1 >= commitsOfBranch) return { kind: "down" };
  return random.chance(0.2) ? { kind: "drop", branch } : { kind: "commit", branch, to: tip + 1 };
};

/** Of a hundred operations; the rest are `down`. */
const shares: readonly (readonly [number, Choose])[] = [
  [32, chooseDeploy],
  [12, chooseDelete],
  [8, chooseRestart],
  [25, chooseEnvironment],
  [11, choosePromotion],
  [4, (random) => ({ kind: "apply", service: random.pick(services), version: "" })],
  [3, chooseUserStep],
];

/** Half of the faults hit the parts that hold state. */
const likely: readonly Target[] = [
  ...(["main", "main", "main", "main", "postmaster", "postmaster", "main and postmaster"] as const),
  ...(["backend", "git", "git", "prepare", "service", "service", "command"] as const),
];

/** How long an operation takes, about, on an idle machine: a fault may come at any instant of it, and a little later. */
function durationOf({ kind }: Operation): number {
  if (kind === "up") return 2_500;
  if (kind === "down") return 700;
  return 1_200;
}

function chooseFaults(random: Random, operation: Operation): readonly Fault[] {
  const count = random.chance(0.2) ? 2 : 1;
  return Array.from({ length: count }, () => {
    const target = random.pick(likely);
    const isBrief = target === "git" || target === "prepare";
    return {
      target,
      afterMs: random.int(isBrief ? 100 : durationOf(operation)),
      stopMs: random.chance(0.2) ? 100 + random.int(1_200) : undefined,
      choice: random.int(8),
    };
  });
}
