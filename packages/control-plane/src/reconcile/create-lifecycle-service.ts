import { randomUUID } from "node:crypto";
import {
  type DesiredService,
  decideSync,
  defaultPolicy,
  type Policy,
  standingFailure,
  isWanted,
} from "@cocktail/environment";
import { formatVariant, STABLE } from "@cocktail/route";
import { type LifecycleService, NotReady } from "../lifecycle/lifecycle-service.ts";
import type { Platform, Readers } from "../lifecycle/platform.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { StateStore } from "../lifecycle/state-store.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
import type { Store } from "../store/store.ts";
import { Addresses } from "./addresses.ts";
import { Changes } from "./changes.ts";
import { Knowledge } from "./knowledge.ts";
import { Reconciler } from "./reconciler.ts";
import { type Scene, observeVariant } from "./scene.ts";
import { Views } from "./views.ts";

export interface LifecycleOptions {
  readonly store: StateStore & RouteTableStore & Partial<Pick<Store, "onAvailability">>;
  readonly platform: Platform;
  readonly readers: Readers;
  /** This run of the platform: a workload of another run is dead. Default: random. */
  readonly run?: string | undefined;
  /** Virtual hosts are below it. */
  readonly domain: string;
  /** Base URL of the edge, once it listens. */
  readonly edge?: (() => string | undefined) | undefined;
  readonly ticketProjects?: readonly string[] | undefined;
  readonly log?: Logger | undefined;
  /** Epoch milliseconds. */
  readonly clock?: (() => number) | undefined;
  readonly policy?: Policy | undefined;
  /** Default 10 s. */
  readonly drainBudgetMs?: number | undefined;
}

type Phase = "new" | "started" | "stopped";

/** Puts knowledge, reconciler, views and changes together. Does nothing before `start` but what it is asked to. */
export function createLifecycleService(options: LifecycleOptions): LifecycleService {
  const { store, platform, run = randomUUID() } = options;
  const { clock = Date.now, log = silentLogger, policy = defaultPolicy } = options;
  const listeners = new Set<() => void>();
  const onChange = (): void => {
    for (const listener of listeners) listener();
  };
  const knowledge = new Knowledge({ store, platform, run, clock });
  const reconciler = new Reconciler({
    knowledge,
    platform,
    readers: options.readers,
    policy,
    log,
    drainBudgetMs: options.drainBudgetMs ?? 10_000,
    onChange,
  });
  const { domain, edge } = options;
  const addresses = new Addresses({ domain, edge: () => edge?.() ?? `http://${domain}` });
  const views = new Views(addresses, policy);
  const changes = new Changes({
    knowledge,
    reconciler,
    views,
    platform,
    ticketProjects: options.ticketProjects ?? [],
  });
  let phase: Phase = "new";
  let restored: readonly string[] = [];
  let isSettled = false;
  let forgetAvailability = (): void => {};

  const whenStarted = <T>(change: () => Promise<T>): Promise<T> =>
    phase === "started"
      ? change()
      : Promise.reject(new NotReady(phase === "new" ? "it is starting" : "it is stopping"));

  return {
    async start() {
      await knowledge.load();
      phase = "started";
      forgetAvailability =
        store.onAvailability?.((available) => {
          if (available) reconciler.wakeAll();
          onChange();
        }) ?? forgetAvailability;
      reconciler.start();
    },
    async stop() {
      phase = "stopped";
      forgetAvailability();
      await reconciler.stop();
    },
    async syncServices(services: readonly DesiredService[]) {
      await knowledge.load();
      if (phase === "new") restored = restoredNames(knowledge.scene());
      const { changes: written, notes } = await knowledge.change(({ state, table, now }) =>
        decideSync(state, table, services, now),
      );
      if (phase === "started") reconciler.changed(written);
      return notes;
    },
    deploy: (request) => whenStarted(() => changes.deploy(request)),
    destroy: (service, key, how = {}) => whenStarted(() => changes.destroy(service, key, how)),
    promote: (service, how = {}) => whenStarted(() => changes.promote(service, how.dryRun)),
    createEnvironment: (request) => whenStarted(() => changes.environment("create", request)),
    applyEnvironment: (name, spec) => whenStarted(() => changes.apply(name, spec)),
    extendEnvironment: (name, bySeconds, how = {}) =>
      whenStarted(() => changes.extend(name, bySeconds, how.dryRun)),
    deleteEnvironment: (name, how = {}) => whenStarted(() => changes.deleteEnvironment(name, how)),

    services: () => views.services(knowledge.scene()),
    service: (name) => views.service(knowledge.scene(), name),
    variants: (filter) => views.variants(knowledge.scene(), filter),
    variant: (service, key) => views.variant(knowledge.scene(), service, key),
    environments: () => views.environments(knowledge.scene()),
    environment: (name) => views.environment(knowledge.scene(), name),
    explain: (name) => views.explain(knowledge.scene(), name),
    table: () => knowledge.scene().table,
    restored: () => restored,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isSettled() {
      // Once is enough: what is deployed later is waited for by whoever deployed it.
      isSettled ||= phase === "started" && hasSettled(knowledge.scene());
      return isSettled;
    },
  };
}

/** What an earlier run left to take over; stable variants come from their file and are no news. */
function restoredNames({ state }: Scene): readonly string[] {
  const variants = state.variants
    .filter(
      ({ key, deleted, promotion }) => !deleted && (key !== STABLE || promotion !== undefined),
    )
    .map(({ service, key }) => formatVariant(service, key));
  const environments = state.environments.map(({ name }) => `environment ${name}`);
  return [...variants.toSorted(), ...environments.toSorted()];
}

/** Every variant is proven, or will not be without somebody's help. */
function hasSettled(scene: Scene): boolean {
  return scene.state.variants.every((desired) => {
    const { service, key } = desired;
    const observed = observeVariant(scene, service, key);
    if (!isWanted(desired, observed.promoted)) return true;
    const number = observed.route.entry?.incarnation;
    if (number !== undefined && observed.route.probed === number) {
      const listed = observed.incarnations.find(({ record }) => record.number === number);
      if (listed?.record.run === scene.run) return true;
    }
    if (standingFailure(desired, observed) !== undefined) return true;
    // A process under a debugger, and one that keeps ending, may take their time.
    return (
      desired.source.kind === "url" ||
      observed.incarnations.some(({ workload }) => workload.phase === "CrashLoop")
    );
  });
}
