import type { About } from "@cocktail/control-plane";
import { createGateway, type Gateway } from "@cocktail/gateway";
import { ensureSchema, type StateDirectory } from "@cocktail/local-state";
import { emptyTable, type RouteTable } from "@cocktail/route";
import { Registry } from "prom-client";
import type { Config } from "../config/config.ts";
import { LogBook } from "../logs/log-book.ts";
import { openProcessRecords } from "../processes/process-records.ts";
import { stopGit } from "../sources/git.ts";
import { WorkingCopies } from "../sources/working-copies.ts";
import { Worktrees } from "../sources/worktree.ts";
import { PortPool } from "../supervisor/ports.ts";
import { Preparations } from "../supervisor/preparation.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { LiveConfig } from "./apply-file.ts";
import { openControlPlane } from "./control-plane.ts";
import { databaseUrl, openDatabase } from "./database.ts";
import { incarnationsOf, withoutAddresses } from "./dead-incarnations.ts";
import { openEdge } from "./edge-listeners.ts";
import { exposureOf } from "./exposure.ts";
import { inState } from "./failure.ts";
import { gatewaySettings } from "./gateway-settings.ts";
import { MeshListeners } from "./mesh-listeners.ts";
import type { Output } from "./output.ts";
import { gatewayReaders } from "./readers.ts";
import { Teardown } from "./teardown.ts";

export interface StartOptions {
  readonly config: Config;
  readonly port: number;
  readonly host: string | undefined;
  readonly domain: string | undefined;
  readonly state: StateDirectory;
  readonly output: Output;
  readonly runId: string;
  readonly token: string;
  readonly version: string;
  readonly startedAt: Date;
  /** What was ended of an earlier run. */
  readonly ended: readonly string[];
  /** What this process was started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted to end all grace periods at once. */
  readonly forceSignal: AbortSignal;
}

/** A cocktail that serves. */
export interface RunningCocktail {
  readonly api: string;
  readonly edge: string;
  readonly recovered: readonly string[];
  stop(): Promise<void>;
}

/** For requests in flight at the edge when Cocktail stops. */
const edgeGraceMs = 3_000;

/** Starts the parts in order. When one fails, those before it are stopped again. */
export async function startCocktail(options: StartOptions): Promise<RunningCocktail> {
  const teardown = new Teardown(options.output.log);
  try {
    return await start(options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(options: StartOptions, teardown: Teardown): Promise<RunningCocktail> {
  const { config, env, forceSignal, host, output, port, state } = options;
  const grace = (ms: number): { readonly graceMs: number } => ({
    graceMs: forceSignal.aborted ? 0 : ms,
  });
  const live = new LiveConfig(config, options.domain);
  const metrics = new Registry();
  const log = output.log.child({ part: "gateway" });
  // Starts with an empty table, so that the edge can listen before the first one is loaded.
  const gateway: Gateway = createGateway({
    table: emptyTable("00000000"),
    settings: gatewaySettings(live.get, () => gateway.table()),
    log,
    metrics,
  });
  teardown.add("gateway", () => gateway.close(grace(500)));

  // The port comes first: that it is in use is the most frequent failure.
  const edge = await openEdge(gateway, { port, host });
  const database = await openDatabase({
    sharedSchema: () => inState(state.root, () => ensureSchema(state.schema, config.name)),
    url: databaseUrl(env, state),
    directory: state.postgres,
    log: output.log.child({ part: "postgres" }),
  });
  teardown.add("database", () => database.stop());

  const supervisor = await openSupervisor(options, live, gateway, teardown);
  const controlPlane = await openControlPlane({
    ...options,
    database,
    references: state.references,
    edge: edge.url,
    exposure: tellExposure(options, edge.port),
    metrics,
    platform: supervisor,
    live,
    setServices: (services) => supervisor.setServices(services),
    readers: gatewayReaders(gateway, live.get),
    onTable: feed(gateway),
  });
  teardown.add("control plane", () => controlPlane.close());
  teardown.add("services", () => supervisor.stopAll());
  teardown.add("changes", () => controlPlane.stop());
  teardown.add("git", () => Promise.resolve(stopGit()));
  teardown.add("edge", () => edge.close(grace(edgeGraceMs)));
  return {
    api: controlPlane.url,
    edge: edge.url,
    recovered: controlPlane.recovered(),
    stop: () => teardown.run(),
  };
}

function tellExposure({ config, host, output }: StartOptions, port: number): About["exposure"] {
  const exposure = exposureOf(host, { domain: config.domain, port });
  if (exposure !== undefined) output.log.warn(exposure, "the edge listens for other machines too");
  return exposure;
}

/** Passes each table to the gateway. Every incarnation of the first one belongs to an earlier run. */
function feed(gateway: Gateway): (table: RouteTable) => void {
  let dead: ReadonlySet<string> | undefined;
  return (table) => {
    dead ??= incarnationsOf(table);
    gateway.setTable(withoutAddresses(table, dead));
  };
}

async function openSupervisor(
  { config, env, forceSignal, output, runId, state }: StartOptions,
  live: LiveConfig,
  gateway: Gateway,
  teardown: Teardown,
): Promise<Supervisor> {
  const logs = new LogBook({ directory: state.serviceLogs, onLine: output.serviceLine });
  teardown.add("logs", () => logs.close());
  const records = openProcessRecords(state.processes, runId);
  const known = (): readonly string[] => [
    ...new Set([
      ...live.get().services.map(({ name }) => name),
      ...Object.keys(gateway.table().services),
    ]),
  ];
  const worktrees = new Worktrees(state.worktrees);
  await worktrees.removeIncomplete();
  const supervisor = new Supervisor({
    runId,
    inherited: env,
    records,
    logs,
    ports: new PortPool(),
    preparations: new Preparations(state.prepared, records),
    worktrees,
    workingCopies: new WorkingCopies(state.workingCopies),
    log: output.log.child({ part: "supervisor" }),
    services: config.services,
    mesh: new MeshListeners(gateway, known),
    forceSignal,
  });
  return supervisor;
}
