import { type RouteTable, readTable } from "@cocktail/route";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type {
  CreateEnvironment,
  Environment,
  EnvironmentDeleteResult,
  EnvironmentResult,
  EnvironmentSpec,
  Explanation,
} from "./api/environment.ts";
import type { ResolveRequest, ResolveResult } from "./api/resolution.ts";
import type { FileChange, Service, Status } from "./api/service.ts";
import type {
  DeleteResult,
  DeployRequest,
  DeployResult,
  LogLine,
  Variant,
  VariantEnvironment,
} from "./api/variant.ts";
import type { WatchEvent } from "./api/watch.ts";
import { ApiUnreachable } from "./errors.ts";
import type { ByteStream } from "./http/byte-stream.ts";
import { readLines } from "./http/lines.ts";
import { asWire } from "./http/wire.ts";
import { createTransport, type Transport, type TransportOptions } from "./http/transport.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
export interface VariantFilter {
  readonly service?: string | undefined;
  readonly environment?: string | undefined;
}
export interface DeleteVariantOptions {
  /** Destroy it although its worktree has uncommitted work. */
  readonly discard?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}
export interface DeleteEnvironmentOptions extends DeleteVariantOptions {
  /** Keep the variants that only this environment holds. */
  readonly keepVariants?: boolean | undefined;
}
export interface LogOptions {
  readonly service?: string | undefined;
  /** Needs `service`. */
  readonly key?: string | undefined;
  /** Go on until the signal ends it. */
  readonly follow?: boolean | undefined;
  /** Lines of the past to begin with. */
  readonly tail?: number | undefined;
}
/** Answer of `GET /readyz`. */
export interface Readiness {
  readonly ready: boolean;
  /** Why not, one line each. */
  readonly reasons: readonly string[];
}

/**
 * One method per operation of the API. Each throws `ApiError` where the control plane refused, `ApiUnreachable` where
 * it gave no answer, and the reason of `signal` where that ended the call.
 */
export interface CocktailClient {
  readonly baseUrl: string;
  status(options?: CallOptions): Promise<Status>;
  /** Never throws ApiError: "not ready" is an answer. */
  readiness(options?: CallOptions): Promise<Readiness>;
  services(options?: CallOptions): Promise<readonly Service[]>;
  service(name: string, options?: CallOptions): Promise<Service>;
  promote(
    service: string,
    request?: { readonly dryRun?: boolean | undefined },
    options?: CallOptions,
  ): Promise<DeployResult>;
  /** Applies the changed file of a local cocktail. */
  applyFile(
    request?: { readonly dryRun?: boolean | undefined },
    options?: CallOptions,
  ): Promise<FileChange>;
  /** Undoes the last promotion. */
  rollback(
    service: string,
    request?: { readonly dryRun?: boolean | undefined },
    options?: CallOptions,
  ): Promise<DeployResult>;
  /** Starts a variant again, of the same code. */
  restart(
    service: string,
    key: string,
    request?: { readonly dryRun?: boolean | undefined },
    options?: CallOptions,
  ): Promise<DeployResult>;
  variants(filter?: VariantFilter, options?: CallOptions): Promise<readonly Variant[]>;
  variant(service: string, key: string, options?: CallOptions): Promise<Variant>;
  /** Answers when the desired state is stored. Wait with `variant` until Ready has observed `generation`. */
  deploy(request: DeployRequest, options?: CallOptions): Promise<DeployResult>;
  /** The variables of a process that is the variant, and listens on `port`; they may be secret. */
  variantEnvironment(
    service: string,
    key: string,
    listener?: { readonly port?: number | undefined },
    options?: CallOptions,
  ): Promise<VariantEnvironment>;
  deleteVariant(
    service: string,
    key: string,
    how?: DeleteVariantOptions,
    options?: CallOptions,
  ): Promise<DeleteResult>;
  logs(what: LogOptions, options?: CallOptions): AsyncIterable<LogLine>;
  environments(options?: CallOptions): Promise<readonly Environment[]>;
  environment(name: string, options?: CallOptions): Promise<Environment>;
  explain(name: string, options?: CallOptions): Promise<Explanation>;
  /** Fails with CONFLICT where it exists. */
  createEnvironment(request: CreateEnvironment, options?: CallOptions): Promise<EnvironmentResult>;
  /** Makes it so, whether or not it exists. */
  applyEnvironment(
    name: string,
    spec: EnvironmentSpec,
    options?: CallOptions,
  ): Promise<EnvironmentResult>;
  extendEnvironment(
    name: string,
    bySeconds: number,
    options?: CallOptions & { readonly dryRun?: boolean | undefined },
  ): Promise<EnvironmentResult>;
  deleteEnvironment(
    name: string,
    how?: DeleteEnvironmentOptions,
    options?: CallOptions,
  ): Promise<EnvironmentDeleteResult>;
  /** The head, or the table of an epoch: NOT_FOUND below the history floor. */
  routeTable(epoch?: number, options?: CallOptions): Promise<RouteTable>;
  resolve(request: ResolveRequest, options?: CallOptions): Promise<ResolveResult>;
  /** Every change of an object from now on. Read the lists when the first event of kind `alive` is there. */
  watch(options?: CallOptions): AsyncIterable<WatchEvent | Alive>;
  /** The events of `GET /v1/route-table/stream`, raw. Use `openTableReader` with `httpTableSource`. */
  tableEvents(lastEventId: string | undefined, options?: CallOptions): Promise<ByteStream>;
}

export type ClientOptions = TransportOptions;

const maxLogLineLength = 1024 * 1024;

/** Nothing is sent before the first call. Throws TypeError where `baseUrl` is not an http or https URL. */
export function createClient(options: ClientOptions): CocktailClient {
  const transport = createTransport(options);
  return {
    baseUrl: transport.baseUrl,
    ...serviceCalls(transport),
    ...variantCalls(transport),
    ...environmentCalls(transport),
    ...tableCalls(transport),
  };
}

type ServiceCalls = Pick<
  CocktailClient,
  "status" | "applyFile" | "readiness" | "services" | "service" | "promote" | "rollback"
>;

function serviceCalls(transport: Transport): ServiceCalls {
  return {
    status: (options) => get<Status>(transport, "/v1/status", options),
    applyFile: (request = {}, options = {}) =>
      post<FileChange>(transport, "/v1/apply", request, options),
    readiness: async (options) => {
      return asWire(
        await transport.json({ method: "GET", path: "/readyz", expected: [503], ...options }),
      );
    },
    services: (options) => list<Service>(transport, "/v1/services", undefined, options),
    service: (name, options) => get<Service>(transport, `/v1/services/${segment(name)}`, options),
    promote: (service, request = {}, options = {}) =>
      post<DeployResult>(transport, `/v1/services/${segment(service)}/promote`, request, options),
    rollback: (service, request = {}, options = {}) =>
      post<DeployResult>(transport, `/v1/services/${segment(service)}/rollback`, request, options),
  };
}

type VariantCalls = Pick<
  CocktailClient,
  "variants" | "variant" | "variantEnvironment" | "deploy" | "restart" | "deleteVariant" | "logs"
>;

function variantCalls(transport: Transport): VariantCalls {
  const path = (service: string, key: string): string =>
    `/v1/variants/${segment(service)}/${segment(key)}`;
  return {
    variants: (filter, options) => list<Variant>(transport, "/v1/variants", { ...filter }, options),
    variant: (service, key, options) => get<Variant>(transport, path(service, key), options),
    variantEnvironment: (service, key, { port } = {}, options = {}) => {
      const query = port === undefined ? "" : `?port=${port}`;
      return get<VariantEnvironment>(
        transport,
        `${path(service, key)}/environment${query}`,
        options,
      );
    },
    deploy: (request, options = {}) =>
      post<DeployResult>(transport, "/v1/variants", request, options),
    restart: (service, key, request = {}, options = {}) =>
      post<DeployResult>(transport, `${path(service, key)}/restart`, request, options),
    deleteVariant: (service, key, how = {}, options = {}) =>
      remove<DeleteResult>(transport, path(service, key), how, options),
    logs: (what, options) => readLogs(transport, what, options),
  };
}

type EnvironmentCalls = Pick<
  CocktailClient,
  | "environments"
  | "environment"
  | "explain"
  | "createEnvironment"
  | "applyEnvironment"
  | "extendEnvironment"
  | "deleteEnvironment"
>;

function environmentCalls(transport: Transport): EnvironmentCalls {
  const path = (name: string): string => `/v1/environments/${segment(name)}`;
  return {
    environments: (options) => list<Environment>(transport, "/v1/environments", undefined, options),
    environment: (name, options) => get<Environment>(transport, path(name), options),
    explain: (name, options) => get<Explanation>(transport, `${path(name)}/explain`, options),
    createEnvironment: (request, options = {}) =>
      post<EnvironmentResult>(transport, "/v1/environments", request, options),
    applyEnvironment: async (name, spec, options) => {
      return asWire(
        await transport.json({
          method: "PUT",
          path: path(name),
          body: spec,
          ...options,
        }),
      );
    },
    extendEnvironment: (name, bySeconds, { dryRun, ...options } = {}) =>
      post<EnvironmentResult>(transport, `${path(name)}/extend`, { bySeconds, dryRun }, options),
    deleteEnvironment: (name, how = {}, options = {}) =>
      remove<EnvironmentDeleteResult>(transport, path(name), how, options),
  };
}

type TableCalls = Pick<CocktailClient, "routeTable" | "resolve" | "tableEvents" | "watch">;

function tableCalls(transport: Transport): TableCalls {
  return {
    routeTable: async (epoch, options) => {
      const path = epoch === undefined ? "/v1/route-table" : `/v1/route-table/${epoch}`;
      const reading = readTable(await transport.json({ method: "GET", path, ...options }));
      if (reading.ok) return reading.table;
      const why = `what it gave is not a route table: ${reading.fault.path} ${reading.fault.message}`;
      throw new ApiUnreachable(transport.baseUrl, why);
    },
    resolve: (request, options = {}) =>
      post<ResolveResult>(transport, "/v1/resolve", request, options),
    watch: (options) => watchObjects(transport, options),
    tableEvents: (lastEventId, options) =>
      transport.stream(
        {
          method: "GET",
          path: "/v1/route-table/stream",
          ...(lastEventId !== undefined && { headers: { "last-event-id": lastEventId } }),
          ...options,
        },
        "text/event-stream",
      ),
  };
}

/** The connection stands: a sign of life. */
export interface Alive {
  readonly kind: "alive";
}

async function* watchObjects(
  transport: Transport,
  options: CallOptions | undefined,
): AsyncGenerator<WatchEvent | Alive, void, undefined> {
  const request = { method: "GET", path: "/v1/watch", ...options } as const;
  const body = await transport.stream(request, "text/event-stream");
  const events: WatchEvent[] = [];
  const onEvent = ({ event, data }: EventSourceMessage): void => {
    if (event === "change") events.push(asWire(JSON.parse(data)));
  };
  const parser = createParser({ onEvent });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield { kind: "alive" };
      yield* events.splice(0);
    }
  } catch (error) {
    if (options?.signal?.aborted === true) throw options.signal.reason;
    throw new ApiUnreachable(transport.baseUrl, "the watch was cut off", { cause: error });
  }
}

/** The server ends a line of the log with `\n`; empty lines are its heartbeats, so that no time-out cuts a quiet log. */
async function* readLogs(
  transport: Transport,
  what: LogOptions,
  options: CallOptions | undefined,
): AsyncGenerator<LogLine, void, undefined> {
  const { service, key, follow, tail } = what;
  const one = service !== undefined && key !== undefined;
  const body = await transport.stream(
    {
      method: "GET",
      path: one ? `/v1/variants/${segment(service)}/${segment(key)}/logs` : "/v1/logs",
      query: one ? { follow, tail } : { service, follow, tail },
      ...options,
    },
    "application/x-ndjson",
  );
  try {
    for await (const line of readLines(body, maxLogLineLength)) yield asWire(JSON.parse(line));
  } catch (error) {
    if (options?.signal?.aborted === true) throw options.signal.reason;
    throw new ApiUnreachable(transport.baseUrl, "the log was cut off", { cause: error });
  }
}

// The wire types are what the server's schemas are compared with when it is compiled, so its answers are taken as typed.
async function get<T>(transport: Transport, path: string, options: CallOptions = {}): Promise<T> {
  return asWire(await transport.json({ method: "GET", path, ...options }));
}

async function list<T>(
  transport: Transport,
  path: string,
  query: Readonly<Record<string, string | undefined>> | undefined,
  options: CallOptions = {},
): Promise<readonly T[]> {
  const answer = await transport.json({ method: "GET", path, query, ...options });
  const items: unknown = Reflect.get(answer, "items");
  if (Array.isArray(items)) return asWire(items);
  throw new ApiUnreachable(
    transport.baseUrl,
    "the answer has no items; something else may listen there",
  );
}

async function post<T>(
  transport: Transport,
  path: string,
  body: object,
  options: CallOptions,
): Promise<T> {
  return asWire(await transport.json({ method: "POST", path, body, ...options }));
}

async function remove<T>(
  transport: Transport,
  path: string,
  how: DeleteEnvironmentOptions,
  options: CallOptions,
): Promise<T> {
  return asWire(await transport.json({ method: "DELETE", path, query: { ...how }, ...options }));
}

function segment(text: string): string {
  return encodeURIComponent(text);
}
