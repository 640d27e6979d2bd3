import {
  type About,
  ControlPlaneError,
  createApi,
  createLifecycleService,
  type LifecycleService,
  openPostgresStore,
  type Platform,
  type Readers,
  type Store,
} from "@cocktail/control-plane";
import type { RouteTable } from "@cocktail/route";
import type { Registry } from "prom-client";
import type { Config } from "../config/config.ts";
import { type Pinned, pinReferences, savePinned } from "../sources/pinned-references.ts";
import { KeyedQueue } from "../keyed-queue.ts";
import { applyFile, type ApplySteps, type LiveConfig } from "./apply-file.ts";
import type { Database } from "./database.ts";
import { desiredServices } from "./desired-services.ts";
import { StartFailure } from "./failure.ts";
import type { Output } from "./output.ts";
import { Teardown } from "./teardown.ts";

export interface ControlPlaneOptions {
  readonly config: Config;
  /** The same, as it was last applied. */
  readonly live: LiveConfig;
  /** Called before the services of a changed file are stored. */
  readonly setServices: (services: Config["services"]) => void;
  readonly database: Database;
  /** Where the commits of `ref`s are kept. */
  readonly references: string;
  readonly platform: Platform;
  readonly readers: Readers;
  /** Base URL of the edge. */
  readonly edge: string;
  readonly exposure: About["exposure"];
  readonly output: Output;
  readonly metrics: Registry;
  readonly token: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly ended: readonly string[];
  /** Called with the stored table before anything is changed, and then with every newer one. */
  readonly onTable: (table: RouteTable) => void;
}

/** The control plane of this process. */
export interface ControlPlane {
  /** Base URL of its API. */
  readonly url: string;
  /** What was ended and restored of an earlier run, one line each. */
  recovered(): readonly string[];
  /** Starts no further work. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the store, loads what is stored, listens, and starts to reconcile. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { output } = options;
  const log = output.log.child({ part: "control plane" });
  const teardown = new Teardown(log);
  try {
    return await open(options, log, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function open(
  options: ControlPlaneOptions,
  log: Output["log"],
  teardown: Teardown,
): Promise<ControlPlane> {
  const { config, database, edge, ended, metrics, platform, readers } = options;
  const store = await openStore(database, log);
  teardown.add("store", () => store.close());
  await follow(store, options.onTable, teardown);
  const lifecycle = createLifecycleService({
    store,
    platform,
    readers,
    domain: config.domain,
    edge: () => edge,
    ticketProjects: config.ticketProjects,
    log,
    metrics,
  });
  const steps = applySteps(options, lifecycle, log);
  await steps.store(config, await steps.prepare(config));
  const recovered = (): readonly string[] => [
    ...ended,
    ...lifecycle.restored().map((name) => `restored ${name}`),
  ];
  const applying = new KeyedQueue();
  const api = await createApi({
    lifecycle,
    store,
    platform,
    token: options.token,
    metrics,
    log,
    about: () => about(options, recovered()),
    applyFile: (isDryRun) => applying.run("file", () => applyFile(options.live, isDryRun, steps)),
  });
  const url = await api.listen({ host: "127.0.0.1", port: 0 });
  teardown.add("API", () => api.close());
  await lifecycle.start();
  return {
    url,
    recovered,
    stop: () => lifecycle.stop(),
    close: () => teardown.run(),
  };
}

function applySteps(
  { references, setServices }: ControlPlaneOptions,
  lifecycle: Pick<LifecycleService, "syncServices">,
  log: Output["log"],
): ApplySteps {
  return {
    prepare: (config) => referencesOf(config, references),
    store: async (config, pinned) => {
      savePinned(references, pinned);
      setServices(config.services);
      const notes = await lifecycle.syncServices(desiredServices(config, pinned));
      for (const note of notes) log.warn(note);
      return notes;
    },
  };
}

/** The commits of the services that have a `ref`. */
async function referencesOf(config: Config, file: string): Promise<Pinned> {
  const referenced = config.services.flatMap(({ name, path, ref, entryHash }) =>
    ref === undefined ? [] : [{ name, path, ref, entryHash }],
  );
  const found = await pinReferences(referenced, file);
  if (found.ok) return found.pinned;
  const fix = "write a branch, tag or commit of the service's repository, or remove ref";
  throw new StartFailure(`ref of ${found.service}: ${found.message}`, fix, 2);
}

/** Passes on the stored table, and then every newer one. */
async function follow(
  { tables }: Store,
  onTable: ControlPlaneOptions["onTable"],
  teardown: Teardown,
): Promise<void> {
  const head = await tables.head();
  onTable(head);
  const left = new AbortController();
  const following = (async () => {
    for await (const table of tables.watch(head, left.signal)) onTable(table);
  })();
  teardown.add("route table", () => {
    left.abort();
    return following;
  });
}

/** The database works; its content is from another version. */
const fixOfForeignStore =
  "start the version of cocktail that wrote it; or start over: cocktail down --purge";

async function openStore(database: Database, log: Output["log"]): Promise<Store> {
  const { connection, schema } = database;
  try {
    return await openPostgresStore({ connection, schema, log });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const fix = ControlPlaneError.is(cause, "STORE_CORRUPT") ? fixOfForeignStore : database.fix;
    throw new StartFailure(`the database can't be used: ${why}`, fix, 1, cause);
  }
}

/** What only the composition root knows. */
function about(options: ControlPlaneOptions, recovered: readonly string[]): About {
  const { config, edge, exposure, live, startedAt, version } = options;
  const { domain, name } = config;
  const outdated = live.isOutdated();
  const since = startedAt.toISOString();
  return { name, version, domain, edge, exposure, startedAt: since, recovered, outdated };
}
