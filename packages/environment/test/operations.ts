import fc from "fast-check";
import {
  type Decision,
  type DeployIntent,
  type NamedService,
  decideDeleteEnvironment,
  decideDeploy,
  decideDestroy,
  decideEnvironment,
  decidePromote,
  decideSync,
} from "@cocktail/environment";
import type { Fate, World } from "./world.ts";

export const services = ["cart", "payment", "constructor"] as const;
const keys = ["mp-1", "mp-12", "mp-3"] as const;
const layers = ["mp-1", "ops", "squad"] as const;

const service = fc.constantFrom(...services);
const key = fc.constantFrom(...keys, "rc");
const branch = fc.constantFrom(...keys);
const layer = fc.constantFrom(...layers);
const fate = fc.constantFrom<Fate>("ready", "ready", "ready", "failed", "crashLoop");

/** A user request or an event. */
export type Operation = (world: World) => void;
export interface Named {
  readonly text: string;
  readonly run: Operation;
}

export function namedService(name: string, position: number, entryHash = "h1"): NamedService {
  return {
    name,
    spec: { position, entry: true, protocol: "auto", source: { from: "file" }, entryHash },
  };
}

export function startServices(world: World, entryHash = "h1"): void {
  const wanted = services.map((name, position) => namedService(name, position, entryHash));
  world.apply(decideSync(world.objects, wanted).writes);
}

const deploy = fc
  .record({
    service,
    key,
    fate,
    environment: fc.option(layer, { nil: undefined }),
    fallback: fc.boolean(),
    branch: fc.option(branch, { nil: undefined }),
  })
  .map((intent): Named => ({
    text: `deploy ${JSON.stringify(intent)}`,
    run: (world) => {
      world.fates.set(`${intent.service}:${intent.key}`, intent.fate);
      const onUnavailable = intent.fallback ? "Fallback" : "Fail";
      world.decided(deployment(world, { ...intent, onUnavailable }));
    },
  }));

const destroy = fc.record({ service, key }).map((intent): Named => ({
  text: `destroy ${intent.service}:${intent.key}`,
  run: (world) => {
    world.decided(decideDestroy(world.objects, { ...intent, discard: true, work: [] }));
  },
}));

const putEnvironment = fc
  .record({
    name: layer,
    parent: fc.constantFrom("stable", "rc", ...layers),
    members: fc.dictionary(service, fc.constantFrom(...keys, "stable"), { maxKeys: 3 }),
    ttlSeconds: fc.option(fc.constantFrom(30, 5000), { nil: undefined }),
  })
  .map((intent): Named => ({
    text: `env apply ${JSON.stringify(intent)}`,
    run: (world) => {
      world.decided(decideEnvironment(world.objects, intent, "apply", world.now));
    },
  }));

const deleteEnvironment = fc
  .record({ name: layer, keepVariants: fc.boolean() })
  .map((intent): Named => ({
    text: `env delete ${JSON.stringify(intent)}`,
    run: (world) => {
      const rest = { discard: true, work: new Map() };
      world.decided(decideDeleteEnvironment(world.objects, { ...intent, ...rest }));
    },
  }));

/** A branch's process ends, or comes back. */
const flap = fc.record({ service, key, up: fc.boolean() }).map((what): Named => ({
  text: `flap ${JSON.stringify(what)}`,
  run: (world) => {
    for (const { ref, state } of world.incarnations()) {
      if (ref.service !== what.service || ref.key !== what.key || state !== "ACTIVE") continue;
      world.setPhase(ref, what.up ? "Ready" : "NotReady");
    }
  },
}));

const pass = fc.constantFrom(1_000, 60_000).map((ms): Named => ({
  text: `pass ${ms} ms`,
  run: (world) => {
    world.pass(ms);
  },
}));

const promote = service.map((name): Named => ({
  text: `promote ${name}`,
  run: (world) => {
    world.decided(promotion(world, name));
  },
}));

const changeFile = fc.constantFrom("h1", "h2").map((hash): Named => ({
  text: `file ${hash}`,
  run: (world) => {
    startServices(world, hash);
  },
}));

const crash = fc.boolean().map((platform): Named => ({
  text: platform ? "crash of everything" : "crash of the control plane",
  run: (world) => {
    world.crash({ platform });
  },
}));

export function promotion(world: World, service: string): Decision {
  const { objects, table, now } = world;
  return decidePromote(objects, table, service, { now, pin: (source) => source });
}

/** Decides upon a deploy, whose source no planner looks at. */
export function deployment(world: World, intent: DeployIntent): Decision {
  return decideDeploy(world.objects, { ...intent, source: { from: "test" } }, world.now);
}

/** What branches and environments do, and nothing that may touch stable. */
export const branchOperation: fc.Arbitrary<Named> = fc.oneof(
  { weight: 5, arbitrary: deploy },
  { weight: 2, arbitrary: destroy },
  { weight: 2, arbitrary: putEnvironment },
  { weight: 1, arbitrary: deleteEnvironment },
  { weight: 2, arbitrary: flap },
  { weight: 1, arbitrary: pass },
);
export const anyOperation: fc.Arbitrary<Named> = fc.oneof(
  { weight: 6, arbitrary: branchOperation },
  { weight: 1, arbitrary: promote },
  { weight: 1, arbitrary: changeFile },
  { weight: 1, arbitrary: crash },
);

/** Operations, and after each some steps of the control plane in some order. */
export interface Scenario {
  readonly operations: readonly { readonly operation: Named; readonly steps: readonly number[] }[];
}

export function scenarios(operation: fc.Arbitrary<Named>): fc.Arbitrary<Scenario> {
  const steps = fc.array(fc.nat(20), { maxLength: 12, size: "large" });
  return fc
    .record({
      operations: fc.array(fc.record({ operation, steps }), { maxLength: 14, size: "large" }),
    })
    .map((scenario) => ({ ...scenario, [fc.toStringMethod]: () => describeScenario(scenario) }));
}

/** Plays a scenario, unfinished: some actions are done, some are not. */
export function play(world: World, scenario: Scenario): void {
  for (const { operation, steps } of scenario.operations) {
    operation.run(world);
    for (const step of steps) {
      const ready = world.ready();
      const action = ready[step % Math.max(ready.length, 1)];
      if (action !== undefined) world.act(action);
    }
  }
}

function describeScenario({ operations }: Scenario): string {
  return operations
    .map(({ operation, steps }) => `${operation.text} ${steps.join(",")}`)
    .join("\n");
}
