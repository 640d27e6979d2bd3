import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Platform } from "../engine/platform.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { Store } from "../store/store.ts";
import { createApp } from "./app.ts";
import type { About, ApiContext, ApplyFile } from "./context.ts";
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
  /** Called for every status, because `recovered` can grow. */
  readonly about: () => About;
  /** Absent where the services come from no file. */
  readonly applyFile?: ApplyFile | undefined;
  /** Required for every change. */
  readonly token: string;
  /** Name of the token's holder in recorded changes. Default `local`. */
  readonly tokenName?: string | undefined;
  /** Allowed values of the Host header, besides those of loopback. */
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
  /** Ends the streams, finishes running requests, and closes; requests that take longer than `graceMs` are aborted. */
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
    applyFile: options.applyFile,
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
  if (bound === null || typeof bound === "string") throw new TypeError("the server has no port");
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
      // `close` also waits for idle connections, which browsers and pools keep open.
      const answered = streams.close().then(() => inFlight.none());
      await Promise.all([app.close(), answered.then(closeAll)]);
    } finally {
      clearTimeout(late);
    }
  };
}
