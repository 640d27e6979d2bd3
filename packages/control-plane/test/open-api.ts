import { type CocktailClient, createClient, type LogLine } from "@cocktail/client";
import { Registry } from "prom-client";
import { createApi } from "../src/api/api.ts";
import type { StreamLimits } from "../src/api/streaming/streams.ts";
import type { LifecycleService } from "../src/service/lifecycle-service.ts";
import type { LogQuery } from "../src/engine/platform.ts";
import type { Logger } from "../src/log.ts";
import { MemoryStore } from "../src/store/memory/memory-store.ts";
import { type FakeLifecycle, fakeLifecycle } from "./fake-lifecycle.ts";

export const token = "a-token-of-this-test";

export interface OpenApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly client: CocktailClient;
  readonly store: MemoryStore;
  readonly lifecycle: FakeLifecycle;
  readonly metrics: Registry;
  /** Messages of the level error. */
  readonly errors: readonly string[];
  close(options?: { readonly graceMs: number }): Promise<void>;
  request(path: string, init?: RequestInit): Promise<Response>;
}

export interface OpenApiOptions {
  readonly lifecycle?: Partial<LifecycleService>;
  readonly logs?: (query: LogQuery) => AsyncIterable<LogLine>;
  readonly limits?: Partial<StreamLimits>;
  readonly hosts?: readonly string[];
}

async function* noLogs(): AsyncGenerator<LogLine> {}

/** An API on a port of its own, over a memory store and a lifecycle that answers with samples. */
export async function openApi(options: OpenApiOptions = {}): Promise<OpenApi> {
  const store = new MemoryStore();
  const lifecycle = fakeLifecycle(options.lifecycle);
  const metrics = new Registry();
  const errors: string[] = [];
  const ignore = (): void => undefined;
  const log: Logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (_, message) => errors.push(message),
  };
  const api = await createApi({
    lifecycle,
    store,
    platform: { logs: options.logs ?? noLogs },
    about: () => ({
      name: "shop",
      version: "0.1.0",
      domain: "localhost",
      edge: "http://127.0.0.1:8080",
      startedAt: "2026-11-23T10:00:00.000Z",
      recovered: ["payment-service:mp-101"],
      outdated: false,
    }),
    token,
    metrics,
    log,
    ...(options.limits !== undefined && { limits: options.limits }),
    ...(options.hosts !== undefined && { hosts: options.hosts }),
  });
  const url = await api.listen({ host: "127.0.0.1", port: 0 });
  const close = async (how?: { readonly graceMs: number }): Promise<void> => {
    await api.close(how);
    await store.close();
  };
  return {
    url,
    port: Number(new URL(url).port),
    client: createClient({ baseUrl: url, token }),
    store,
    lifecycle,
    metrics,
    errors,
    close,
    request: (path, init) => fetch(`${url}${path}`, init),
    [Symbol.asyncDispose]: () => close(),
  };
}
