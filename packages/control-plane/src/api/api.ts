import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Platform } from "../engine/platform.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { Store } from "../store/store.ts";
import { createApp } from "./app.ts";
import type { About, ApiContext } from "./context.ts";
import { InFlight } from "./in-flight.ts";
import { measureRequests, registerMetrics, registerStoreMetrics } from "./metrics.ts";
import { addDescription, describeOperations } from "./openapi.ts";
import { notePaths } from "./other-methods.ts";
import { readinessOf } from "./readiness.ts";
import { addEnvironments } from "./routes/environments.ts";
import { addLogs } from "./routes/logs.ts";
import { addServices } from "./routes/services.ts";
import { addSystem } from "./routes/system.ts";
import { addTables } from "./routes/tables.ts";
import { addVariants } from "./routes/variants.ts";
import { addWatch } from "./routes/watch.ts";
import { type StreamLimits, Streams } from "./streaming/streams.ts";

export interface ApiOptions {
  readonly lifecycle: LifecycleService;
  readonly store: Pick<Store, "available" | "tables">;
  readonly platform: Pick<Platform, "logs">;
  /** Asked for every status: what is recovered may become more. */
  readonly about: () => About;
  /** Needed for every change. */
  readonly token: string;
  /** What the holder of the token is called where a change is recorded. Default `local`. */
  readonly tokenName?: string | undefined;
  /** Names, beside those of loopback, that the Host header may say. */
  readonly hosts?: readonly string[] | undefined;
  readonly metrics?: Registry | undefined;
  readonly log?: Logger | undefined;
  readonly limits?: Partial<StreamLimits> | undefined;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Api {
  /** `http://127.0.0.1:4600`. Rejects where the port is taken. */
  listen(options: ListenOptions): Promise<string>;
  /** The OpenAPI document. */
  describe(): Promise<object>;
  /** Ends the streams, finishes what was asked, and closes; what isn't done after `graceMs` is cut off. */
  close(options?: { readonly graceMs?: number | undefined }): Promise<void>;
}

const defaultLimits: StreamLimits = {
  maxStreams: 256,
  heartbeatMs: 15_000,
  slowReaderMs: 30_000,
};
const defaultGraceMs = 5_000;

/** The HTTP API of a control plane. Listens when it is told to. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { lifecycle, store, platform, about, token, log = silentLogger } = options;
  const registry = options.metrics ?? new Registry();
  const metrics = registerMetrics(registry);
  registerStoreMetrics(registry, store, () => lifecycle.table().epoch);
  const streams = new Streams({ ...defaultLimits, ...options.limits }, metrics.streams, log);

  const app = createApp({ token, hosts: new Set(options.hosts), log });
  const inFlight = new InFlight(app.server);
  measureRequests(app, metrics);
  await describeOperations(app, about().version);
  const addOtherMethods = notePaths(app);
  const context: ApiContext = {
    lifecycle,
    store,
    tables: store.tables,
    actor: { name: `token:${options.tokenName ?? "local"}` },
    platform,
    streams,
    about,
    readiness: () => readinessOf(lifecycle, store),
  };
  addServices(app, context);
  addVariants(app, context);
  addEnvironments(app, context);
  addTables(app, context);
  addLogs(app, context);
  addWatch(app, context);
  addSystem(app, context, registry);
  addDescription(app);
  addOtherMethods();
  return {
    listen: (where) => listen(app, where),
    describe: () => describe(app),
    close: closer(app, streams, inFlight),
  };
}

async function listen(app: FastifyInstance, { host, port }: ListenOptions): Promise<string> {
  await app.listen({ host, port });
  const bound = app.server.address();
  if (bound === null || typeof bound === "string") throw new TypeError("listens on no port");
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return `http://${name}:${bound.port}`;
}

async function describe(app: FastifyInstance): Promise<object> {
  await app.ready();
  return app.swagger();
}

function closer(app: FastifyInstance, streams: Streams, inFlight: InFlight): Api["close"] {
  return async ({ graceMs = defaultGraceMs } = {}) => {
    const closeAll = (): void => app.server.closeAllConnections();
    const late = setTimeout(closeAll, graceMs);
    try {
      // `close` waits also for connections that never asked anything, as browsers and pools like to hold them.
      const answered = streams.close().then(() => inFlight.none());
      await Promise.all([app.close(), answered.then(closeAll)]);
    } finally {
      clearTimeout(late);
    }
  };
}
